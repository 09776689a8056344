// SPDX-License-Identifier: Apache-2.0
//
// A booking service as it runs in production: the system's clock, threads, a bank that answers
// later, a keeper, events with an inbox. It is stopped in the middle and begun anew with a second
// version of its saga: what was under way goes on as it began, nothing is charged or mailed twice.
#include <array>
#include <cstdio>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include <invsaga/inbox.hpp>
#include <invsaga/keeper.hpp>
#include <invsaga/memory.hpp>
#include <invsaga/memory_bus.hpp>
#include <invsaga/relay.hpp>
#include <invsaga/saga_runner.hpp>

using namespace invsaga;
using namespace std::chrono_literals;

namespace {

struct Booking {
  static constexpr std::string_view invsaga_schema = "hotel.booking.1";
  std::string number;
  Line night;
  std::int64_t euros = 0;
};

/// Answers later, on a thread of its own, to whichever process of the service is there then. One
/// charge an id; an answer that nobody takes is brought again to the next process.
class Bank {
 public:
  explicit Bank(Clock& clock) : thread_(clock, 1) {}
  void charge(const StepContext& step, std::int64_t euros) {
    const std::lock_guard lock(mutex_);
    if (euros <= limit) charged_[step.id] = euros;
    answers_.push_back({step.run, step.id, euros});
    come();
  }
  void refund(CallId id) {
    const std::lock_guard lock(mutex_);
    charged_.erase(id);
  }
  void open(Completer service) {
    const std::lock_guard lock(mutex_);
    service_ = std::move(service);
    come();
  }
  void close() {
    const std::lock_guard lock(mutex_);
    service_.reset();
  }
  [[nodiscard]] std::int64_t takings() {
    const std::lock_guard lock(mutex_);
    std::int64_t sum = 0;
    for (const auto& [id, euros] : charged_) sum += euros;
    return sum;
  }

 private:
  struct Answer {
    RunId run;
    CallId id;
    std::int64_t euros = 0;
  };
  static constexpr std::int64_t limit = 500;

  void come() {
    thread_.post({[](void* bank, std::uint64_t) noexcept { static_cast<Bank*>(bank)->answer(); },
                  this, 0, nullptr});
  }
  void answer() noexcept {
    const std::lock_guard lock(mutex_);
    while (service_ && !answers_.empty()) {
      const Answer next = answers_.front();
      const result<std::int64_t> said = next.euros <= limit ? result<std::int64_t>(next.euros)
                                                            : refuse();
      const auto told = service_->complete(next.run, next.id, said);
      if (!told.has_value() && told.assume_error().remedy() != Remedy::give_up) return;
      answers_.pop_front();
    }
  }
  std::mutex mutex_;
  std::optional<Completer> service_;
  std::deque<Answer> answers_;
  std::map<CallId, std::int64_t> charged_;
  ThreadExecutor thread_;  // last: its tasks use the others
};

/// What lasts longer than a process of the service.
struct Hotel {
  SystemClock clock;
  MemoryBackend<> backend;  // stands for what survives a process
  Bank bank{clock};
  std::mutex mutex;
  std::map<std::string, int> mails, points;
};

OwnedReserve hold(const StepContext& step, const Booking& booking) {
  return step.reserve({booking.night}, 15min);
}
Release give_back(const Reserved& reserved) { return release(reserved); }
result<Reply<std::int64_t>> charge(Hotel& hotel, const StepContext& step, const Booking& booking) {
  hotel.bank.charge(step, booking.euros);
  return Reply<std::int64_t>(pending);
}
result<void> refund(Hotel& hotel, const StepContext& step, const std::int64_t& /*euros*/) {
  hotel.bank.refund(step.id);
  return success();
}
OwnedCommit sell(const Reserved& reserved) { return commit(reserved); }
result<void> give_points(Hotel& hotel, const Booking& booking) {
  const std::lock_guard lock(hotel.mutex);
  hotel.points[booking.number] = static_cast<int>(booking.euros / 10);  // again is the same
  return success();
}

constexpr std::string_view confirmed = "BOOKING_CONFIRMED";
constexpr auto booking_1 = saga<Booking, Hotel>(
    "booking", 1, compensable<"hold">(hold, give_back, {2s, standard}),
    compensable<"pay">(charge, refund, {1min, until_known}),
    pivot<"confirm">(sell, {2s, until_known}, {confirmed}));
constexpr auto booking_2 = saga<Booking, Hotel>(
    "booking", 2, compensable<"hold">(hold, give_back, {2s, standard}),
    compensable<"pay">(charge, refund, {1min, until_known}),
    pivot<"confirm">(sell, {2s, until_known}, {confirmed}),
    retriable<"points">(give_points, {2s, until_done}));

/// One process: built in this order, torn down in the reverse one.
class Service {
 public:
  explicit Service(Hotel& hotel) : hotel_(hotel) {
    const std::array types{confirmed};
    const auto mail = [&hotel](const Event& event) -> result<void> {
      const std::lock_guard lock(hotel.mutex);
      ++hotel.mails[event.subject];
      return success();
    };
    mails_ = bus_.subscribe("mails", types, inbox_.handler(mail)).value();
    relay_.start().value();  // once all that are owed anything have subscribed
    runner.add(booking_1, hotel);
    runner.add(booking_2, hotel);
    keeper_.look_after(runner).value();
    keeper_.look_after(relay_).value();
    const RecoveryReport report = runner.recover();
    std::printf("begun: %zu to go on with\n", report.taken);
    hotel.bank.open(runner.completer());
  }
  ~Service() {
    const StopReport report = runner.stop(hotel_.clock.now() + 1min);
    std::printf("stopped: %s, %zu under way\n", report.at_rest ? "at rest" : "in haste",
                report.left);
  }
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  template <Saga S>
  RunId book(const S& saga, const Booking& booking) {
    StartRequest request;
    request.key = booking.number;
    request.request = request_key("hotel", "book", booking.number);
    request.fingerprint = fingerprint_of(booking);
    request.deadline = hotel_.clock.now() + 1h;
    const auto begun = runner.start(saga, booking, request);
    if (begun.has_value()) return begun.assume_value().run;
    std::printf("  %s: %s\n", booking.number.c_str(), message(begun.assume_error()).c_str());
    return {};
  }
  void tell(const std::string& number, RunId run) {
    const auto outcome = runner.wait(run, hotel_.clock.now() + 1min);
    std::printf("  %s: %s\n", number.c_str(),
                outcome.has_value() ? name(outcome.assume_value().end).data()
                                    : message(outcome.assume_error()).c_str());
  }

 private:
  Hotel& hotel_;
  ThreadExecutor executor_{hotel_.clock, 2};
  Environment here_{hotel_.clock, executor_};
  Keeper keeper_{hotel_.backend, here_};
  MemoryBus bus_{here_};
  Inbox inbox_{hotel_.backend, "mails"};
  Subscription mails_;
  Relay relay_{hotel_.backend, bus_, here_};

 public:
  SagaRunner<MemoryBackend<>> runner{
      hotel_.backend, here_, {.on_executor = true, .relay = &relay_}};
};

}  // namespace

int main() {
  Hotel hotel;
  hotel.backend.advance_to(hotel.clock.now());
  const Row room = hotel.backend.intern("room", "new year's eve").value();
  static_cast<void>(hotel.backend.adjust({make_id<AdjustId>({"opening"}), AdjustReason::opening,
                                          hotel.clock.now() + 1h, std::array{Line{room, 4}}}));
  const auto booking = [&](const char* number, std::int64_t euros) {
    return Booking{number, {room, 1}, euros};
  };
  RunId b3, b4;
  {
    Service first(hotel);
    first.tell("B1", first.book(booking_1, booking("B1", 100)));
    first.tell("B2", first.book(booking_1, booking("B2", 900)));
    hotel.bank.close();  // the next ones wait for it
    b3 = first.book(booking_1, booking("B3", 200));
    b4 = first.book(booking_1, booking("B4", 700));
  }
  {
    Service second(hotel);
    second.tell("B3", b3);
    second.tell("B4", b4);
    second.tell("B5", second.book(booking_2, booking("B5", 300)));
    second.tell("B1 again", second.book(booking_2, booking("B1", 100)));
    while (!hotel.backend.pending(0, 1).value().empty())
      hotel.clock.sleep_until(hotel.clock.now() + 1ms);
  }
  const StockCounters rooms = hotel.backend.stock(room).value();
  std::printf("rooms: %d sold, %d left; takings: %d\n", static_cast<int>(rooms.sold),
              static_cast<int>(rooms.on_hand), static_cast<int>(hotel.bank.takings()));
  for (const auto& [number, count] : hotel.mails)
    std::printf("mails to %s: %d\n", number.c_str(), count);
  for (const auto& [number, count] : hotel.points)
    std::printf("points of %s: %d\n", number.c_str(), count);
}
