// SPDX-License-Identifier: Apache-2.0
//
// The keeper's inside: what it keeps in mind of what it looks after, and when it looks again.
#pragma once

#include <invsaga/keeper.hpp>

#include <atomic>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

#include <invsaga/assert.hpp>
#include <invsaga/detail/armed_times.hpp>

#include "errand.hpp"
#include "never_back.hpp"
#include "runner_state.hpp"

namespace invsaga {
inline namespace v0 {

class Keeper::Core final : public std::enable_shared_from_this<Core>, public detail::Watcher {
 public:
  using RunnerPtr = std::shared_ptr<detail::RunnerCore::Core>;
  template <class T>
  using Errand = detail::Errand<T>;

  Core(AnyBackend backend, Environment environment, KeeperOptions options)
      : backend_(std::move(backend)),
        environment_(environment),
        options_(options),
        moves_(environment.clock.moves_by_itself()),
        pace_(environment.clock) {
    INVSAGA_ASSERT(options.tick > Duration{0} && options.pace > Duration{0} &&
                       options.orphaned_after > Duration{0} && options.keep >= Duration{0} &&
                       options.batch > 0 && options.batches > 0,
                   "Keeper::Keeper: options above 0, but for keep, which may be 0");
    move_time();
  }

  void begin();
  /// Nothing of what it was given is touched after it.
  void stop() noexcept;
  result<void> look_after(const RunnerPtr& runner);
  result<void> look_after(Relay::Waker relay);
  void tick() noexcept;
  void activity() noexcept override;
  [[nodiscard]] KeeperCounts counts() const;

 private:
  struct Runner {
    std::weak_ptr<detail::RunnerCore::Core> core;
    Time check_at;  ///< For orphans, by the store's clock; not set: at the next look.
    Time show_at;   ///< That it lives, likewise.
    [[nodiscard]] bool is(const RunnerPtr& runner) const noexcept {
      return !core.owner_before(runner) && !runner.owner_before(core);
    }
  };

  static void on_tick(void* core, std::uint64_t) noexcept;
  static void on_due(void* core, std::uint64_t when) noexcept;
  static void look_now(void* core, std::uint64_t) noexcept;
  static void looked(void* core, std::uint64_t, result<void>&& outcome) noexcept;
  static void shown(void* core, std::uint64_t, result<void>&& outcome) noexcept;

  template <class T, class Send>
  [[nodiscard]] detail::Awaited<T, Send> ask(Send send) {
    return {{shared_from_this(), &visits_}, std::move(send)};
  }
  void count(std::uint64_t KeeperCounts::* counter, std::uint64_t more = 1);
  void move_time() noexcept;
  void show_lives() noexcept;
  Errand<void> show_due_lives();
  void post_look() noexcept;
  void arm(Time when) noexcept;
  void arm_next() noexcept;
  Errand<void> look();
  Errand<void> forget_old();
  Errand<void> forget(RunId run, bool& any_gone);
  Errand<void> find_when_free(RunId run);
  Errand<void> find_next_end();
  Errand<void> look_for_orphans(RunnerPtr runner);
  void wake_relays();
  void look_after_neglected();
  [[nodiscard]] bool is_room_wanted();
  [[nodiscard]] std::vector<RunnerPtr> runners(Time Runner::* due = nullptr);

  AnyBackend backend_;
  const Environment environment_;
  const KeeperOptions options_;
  const bool moves_;        ///< The clock, by itself.
  detail::NeverBack pace_;  ///< The clock, for what comes every so often.
  std::optional<ThreadExecutor> ticks_;

  // Of whoever looks.
  EndedRun behind_;           ///< What has ended up to here was tried; not set: all, or none.
  bool makes_room_ = false;   ///< Until all were tried: somebody found none.
  bool tries_anew_ = false;   ///< Once all were: one of them failed.
  bool left_some_ = false;    ///< It is not done, or something failed.
  std::size_t may_read_ = 0;  ///< So many runs, in this look, to learn when they may go.
  Time free_at_;  ///< When the first of what may not go yet may; not set: time frees none.

  detail::Visits visits_;
  std::atomic<bool> ended_{false};
  mutable std::mutex mutex_;  ///< Nothing of a user's is let go of, or called, under it.
  bool showing_ = false;      ///< That runners live.
  bool looking_ = false;      ///< A look is posted, or under way.
  bool again_ = false;        ///< Another was asked for meanwhile.
  Time look_at_;              ///< By `pace_`.
  Time next_end_;             ///< When the next run is old enough to be forgotten; not set: none.
  detail::ArmedTimes armed_;
  std::vector<Runner> runners_;
  std::vector<Relay::Waker> relays_;
  KeeperCounts counts_;
};

}  // namespace v0
}  // namespace invsaga
