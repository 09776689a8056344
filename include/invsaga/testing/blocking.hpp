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
template <SubmittingStore Store>
class Blocking final : public Forwarding<Blocking<Store>, Store> {
 public:
  static constexpr Capabilities capabilities = Store::capabilities;

  Blocking(Store& store, std::function<bool()> drive)
      : Forwarding<Blocking<Store>, Store>(store), store_(store), drive_(std::move(drive)) {}

  result<Applied> apply(const Operation& operation, const Effects& effects,
                        std::span<ShortLine> shorts) {
    calls_.emplace_front(operation, effects, shorts.size());
    const auto call = calls_.begin();
    call->owner = this;
    call->self = call;
    store_.submit(call->lent.operation, call->lent.effects, call->lent.shorts,
                  {&answered, &*call, 0});
    while (!call->answer && drive_()) {
    }
    if (!call->answer) {
      call->given_up = true;
      return Error{Errc::timed_out};
    }
    const result<Applied> answer = with_shorts_in(shorts, *call->answer);
    calls_.erase(call);
    return answer;
  }

  result<ReserveAnswer> reserve(const Reserve& reserve, std::span<ShortLine> shorts) {
    return narrowed<ReserveAnswer>(apply(reserve, {}, shorts));
  }
  result<CommitAnswer> commit(const Commit& commit) {
    return narrowed<CommitAnswer>(apply(commit, {}, {}));
  }
  result<ReleaseAnswer> release(const Release& release) {
    return narrowed<ReleaseAnswer>(apply(release, {}, {}));
  }
  result<ExtendAnswer> extend(const Extend& extend) {
    return narrowed<ExtendAnswer>(apply(extend, {}, {}));
  }
  result<AdjustAnswer> adjust(const Adjust& adjust, std::span<ShortLine> shorts) {
    return narrowed<AdjustAnswer>(apply(adjust, {}, shorts));
  }

 private:
  struct Call {
    Call(const Operation& asked, const Effects& with, std::size_t room) : lent(asked, with, room) {}
    LentCall lent;
    std::optional<result<Applied>> answer;
    bool given_up = false;
    Blocking* owner = nullptr;
    typename std::list<Call>::iterator self;
  };

  static void answered(void* context, std::uint64_t, const result<Applied>& applied) {
    auto& call = *static_cast<Call*>(context);
    if (call.given_up) {
      call.owner->calls_.erase(call.self);
    } else {
      call.answer = applied;
    }
  }

  template <class Narrow>
  static result<Narrow> narrowed(const result<Applied>& applied) {
    if (!applied.has_value()) return applied.assume_error();
    return std::get<Narrow>(applied.assume_value().answer);
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
