// SPDX-License-Identifier: Apache-2.0
//
// What has to happen regularly in a service, done by one object: start it and be done.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include <invsaga/any_backend.hpp>
#include <invsaga/detail/runner_core.hpp>
#include <invsaga/environment.hpp>
#include <invsaga/time.hpp>

namespace invsaga {
inline namespace v0 {

class Relay;
template <Backend B>
class SagaRunner;

/// How a keeper looks after what it is given. Constant for its life.
struct KeeperOptions {
  /// By a clock that moves by itself: how far the time of a store without a clock lags, and how
  /// late a hold is expired if nobody wants its units. It never is a hold's in an answer.
  Duration tick{10};
  Duration pace{1'000};  ///< Between two looks at relays, at orphans and at what has ended.
  /// A run that nobody has moved for so long, and whose runner shows no life, is taken over by one
  /// of the runners that are looked after. Their own life is shown to others for half as long at a
  /// time. All keepers over a backend have the same.
  Duration orphaned_after{300'000};
  /// How long ended runs are kept though nothing refers to them any more, for people to look at. A
  /// courtesy: where a runner finds no room, the oldest ends go first, and for a while they are
  /// kept for half as long, so that the next ones are not refused.
  Duration keep{86'400'000};
  std::size_t batch = 256;   ///< Ended runs that are listed at a time.
  std::size_t batches = 16;  ///< At most so many a look. The next one goes on behind them.
};

/// Since the keeper began.
struct KeeperCounts {
  std::uint64_t looks = 0;
  std::uint64_t expired = 0;    ///< Holds, by this keeper; others are by whoever wants their units.
  std::uint64_t forgotten = 0;  ///< Runs.
  std::uint64_t taken = 0;      ///< Orphans.
  std::uint64_t failures = 0;   ///< Calls that the backend answered with an error, `busy` left out.
};

/// Moves the time of a store that reads no clock, expires holds on time, wakes relays for what
/// other processes decided, forgets runs as soon as it may (protocol rule 6, `Backend::forget`) and
/// they are `KeeperOptions::keep` old, shows that runners live, and has them take over orphans. Its
/// constructor sets the store's clock.
///
/// By a clock that moves by itself it ticks on a thread of its own, so that steps that block never
/// stop time, and looks on the environment's executor. By one that stands still it has no thread:
/// it moves the store's time whenever a runner of it is active, or `tick` is called, and arms what
/// is due next, so that an idle simulation comes to rest.
///
/// Backend and environment are borrowed and outlive it; runners and relays may end before or after.
/// Safe from any thread. Several over one backend are safe. Destroying it waits for what its
/// threads are at: never from within them.
class Keeper {
 public:
  /// Requires options above 0, but for `keep`, which may be 0.
  Keeper(AnyBackend backend, Environment environment, KeeperOptions options = {});
  ~Keeper();
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;

  /// Once its sagas are added. A repeat changes nothing. `resource_exhausted`: nor has this.
  template <Backend B>
  result<void> look_after(SagaRunner<B>& runner) {
    return look_after(detail::core_of(runner));
  }
  result<void> look_after(const Relay& relay);
  /// Moves the store's time to the clock's and does what is due: what whoever moves a clock that
  /// stands still calls. By another it comes by itself.
  void tick();

  [[nodiscard]] KeeperCounts counts() const;

 private:
  result<void> look_after(detail::RunnerCore& runner);

  class Core;
  std::shared_ptr<Core> core_;
};

}  // namespace v0
}  // namespace invsaga
