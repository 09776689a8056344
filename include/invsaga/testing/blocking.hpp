// SPDX-License-Identifier: Apache-2.0
//
// A store that answers later, used as one that answers at once: what the conformance suites bind
// such a store with.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <span>
#include <utility>
#include <variant>
#include <vector>

#include <invsaga/backend.hpp>
#include <invsaga/forwarding.hpp>
#include <invsaga/testing/component.hpp>
#include <invsaga/testing/owned.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// Submits, and drives until the completion has come. Borrows the store and whatever `drive` uses.
/// No completion comes after its end. One thread, and completions come on it.
///
/// `drive` does one thing that is due and says whether there was any. When there is none left and
/// the completion has not come, the call is given up with `timed_out`; what was lent is kept for a
/// completion that comes late.
template <WritableStore Store>
class Blocking final : public Forwarding<Blocking<Store>, Store> {
 public:
  static constexpr Capabilities capabilities() noexcept { return Store::capabilities(); }

  Blocking(Store& store, std::function<bool()> drive)
      : Forwarding<Blocking<Store>, Store>(store), store_(store), drive_(std::move(drive)) {}

  result<WriteReply> write(const Write& write) {
    calls_.emplace_front(write);
    const auto call = calls_.begin();
    call->owner = this;
    call->self = call;
    store_.submit(call->lent.view(), {&answered, &*call, 0});
    while (!call->answer && drive_()) {
    }
    if (!call->answer) {
      call->given_up = true;
      return Error{Errc::timed_out};
    }
    const result<WriteReply> answer = with_shorts_in(write.shorts, *call->answer);
    calls_.erase(call);
    return answer;
  }

  result<ReserveAnswer> reserve(const Reserve& reserve, std::span<ShortLine> shorts) {
    return narrowed<ReserveAnswer>(ask(reserve, shorts));
  }
  result<CommitAnswer> commit(const Commit& commit) {
    return narrowed<CommitAnswer>(ask(commit, {}));
  }
  result<ReleaseAnswer> release(const Release& release) {
    return narrowed<ReleaseAnswer>(ask(release, {}));
  }
  result<ExtendAnswer> extend(const Extend& extend) {
    return narrowed<ExtendAnswer>(ask(extend, {}));
  }
  result<AdjustAnswer> adjust(const Adjust& adjust, std::span<ShortLine> shorts) {
    return narrowed<AdjustAnswer>(ask(adjust, shorts));
  }

 private:
  struct Call {
    explicit Call(const Write& write) : lent(write) {}
    const OwnedWrite lent;
    std::optional<result<WriteReply>> answer;
    bool given_up = false;
    Blocking* owner = nullptr;
    typename std::list<Call>::iterator self;
  };

  static void answered(void* context, std::uint64_t, result<WriteReply>&& reply) noexcept {
    auto& call = *static_cast<Call*>(context);
    if (call.given_up) {
      call.owner->calls_.erase(call.self);
    } else {
      call.answer.emplace(std::move(reply));
    }
  }

  result<WriteReply> ask(const Operation& operation, std::span<ShortLine> shorts) {
    Write of_no_run;
    of_no_run.operation = &operation;
    of_no_run.shorts = shorts;
    return write(of_no_run);
  }
  template <class Narrow>
  static result<Narrow> narrowed(const result<WriteReply>& reply) {
    if (!reply.has_value()) return reply.assume_error();
    return std::get<Narrow>(reply.assume_value().answer);
  }

  // It answers at once, and only so.
  using Forwarding<Blocking<Store>, Store>::submit;

  Store& store_;
  std::function<bool()> drive_;
  std::list<Call> calls_;
};

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
