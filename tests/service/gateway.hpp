// SPDX-License-Identifier: Apache-2.0
//
// A payment gateway that answers later, on a thread of its own, whichever process of the service is
// there then.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <utility>

#include <invsaga/completer.hpp>
#include <invsaga/hash.hpp>
#include <invsaga/ids.hpp>
#include <invsaga/reply.hpp>
#include <invsaga/result.hpp>

namespace invsaga::service_tests {

struct Receipt {
  static constexpr std::string_view invsaga_schema = "hotel.receipt.1";
  std::int64_t cents = 0;
};

/// One charge an id, and one answer, however often it is asked for. Safe from any thread.
class Gateway {
 public:
  Gateway() : thread_([this] { answer_all(); }) {}
  ~Gateway() {
    {
      const std::lock_guard lock(mutex_);
      over_ = true;
    }
    news_.notify_one();
    thread_.join();
  }
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  /// The process that is told from now on. What none could be told is brought to this one.
  void connect(Completer completer) {
    {
      const std::lock_guard lock(mutex_);
      completer_ = std::move(completer);
      ++process_;
    }
    news_.notify_one();
  }

  void charge(RunId run, CallId id, std::int64_t cents, bool card_is_good) {
    {
      const std::lock_guard lock(mutex_);
      if (card_is_good) charged_.emplace(id, cents);
      answers_.push_back({run, id, cents, card_is_good});
    }
    news_.notify_one();
  }
  void refund(CallId id) {
    const std::lock_guard lock(mutex_);
    charged_.erase(id);
  }

  [[nodiscard]] std::int64_t takings() const {
    const std::lock_guard lock(mutex_);
    std::int64_t sum = 0;
    for (const auto& [id, cents] : charged_) sum += cents;
    return sum;
  }
  /// Answers that a process which had ended was told in vain.
  [[nodiscard]] std::uint64_t told_in_vain() const {
    const std::lock_guard lock(mutex_);
    return in_vain_;
  }
  /// The first answer that was refused for good, in words; empty: none was.
  [[nodiscard]] std::string failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
  }

 private:
  struct Answer {
    RunId run;
    CallId id;
    std::int64_t cents = 0;
    bool yes = true;
  };

  void answer_all() {
    std::unique_lock lock(mutex_);
    for (;;) {
      news_.wait(lock, [&] { return over_ || (completer_ && !answers_.empty()); });
      if (over_) return;
      const Answer answer = answers_.front();
      answers_.pop_front();
      const Completer completer = *completer_;
      const std::uint64_t process = process_;
      lock.unlock();
      const result<Receipt> said = answer.yes ? result<Receipt>(Receipt{answer.cents})
                                              : result<Receipt>(refuse());
      const result<NewsAnswer> told = completer.complete(answer.run, answer.id, said);
      lock.lock();
      if (!told.has_value()) tell_again(answer, process, told.assume_error());
    }
  }
  void tell_again(const Answer& answer, std::uint64_t process, const Error& error) {
    if (error.remedy() == Remedy::give_up) {
      if (failure_.empty()) failure_ = to_string(error);
      return;
    }
    ++in_vain_;
    answers_.push_back(answer);
    // It has ended: until the next one connects, if that has not come meanwhile.
    if (error.code == Errc::unavailable && process == process_) completer_.reset();
  }

  mutable std::mutex mutex_;
  std::condition_variable news_;
  bool over_ = false;
  std::optional<Completer> completer_;
  std::uint64_t process_ = 0;  ///< Which one the completer is of.
  std::deque<Answer> answers_;
  std::unordered_map<CallId, std::int64_t> charged_;
  std::uint64_t in_vain_ = 0;
  std::string failure_;
  std::thread thread_;  // last: it uses the others
};

}  // namespace invsaga::service_tests
