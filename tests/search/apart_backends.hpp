// SPDX-License-Identifier: Apache-2.0
//
// The backend whose parts live apart, under search: faults between any two of its parts.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <invsaga/forwarding.hpp>
#include <invsaga/testing/apart_backend.hpp>
#include <invsaga/testing/store_under_test.hpp>
#include <invsaga/testing/writes.hpp>

#include "tests/search/faulty_connection.hpp"

namespace invsaga::search {

/// An owner's line to the stock that answers by `submit` only.
class FaultyStock final : public Forwarding<FaultyStock, testing::ApartStore> {
 public:
  static constexpr Capabilities capabilities() noexcept {
    return testing::ApartStore::capabilities();
  }

  FaultyStock(testing::ApartStore& store, std::shared_ptr<Link> link)
      : Forwarding(store), store_(store), line_(store), link_(std::move(link)) {}
  /// Whoever waits is told `reply_lost`; what is on its way arrives.
  void cut() { line_.cut(); }

  result<void> acknowledge_sale(ReservationId id) {
    return Link::meet(link_, [&store = store_, id] { return store.acknowledge_sale(id); });
  }

  void submit(const Write& write, Completion<WriteReply> done) noexcept {
    if (!link_->alive) return done(Error{Errc::unavailable});
    const auto link = link_;
    switch (const Fault fault = link->places.next()) {
      case Fault::failed:
        return done(Error{Errc::unavailable});
      case Fault::lost:
        send(write);
        return done(Error{Errc::reply_lost});
      case Fault::late:
        send(write);
        return done(Error{Errc::timed_out});
      case Fault::twice:
        send(write);
        break;
      case Fault::crash_before:
        link->interference.kill();
        return done(Error{Errc::reply_lost});
      case Fault::crash_after:
        send(write);
        link->interference.kill();
        return done(Error{Errc::reply_lost});
      case Fault::take_over:
      case Fault::cancel:
      case Fault::news:
      case Fault::expire:
        link->interference.add(fault);
        break;
      case Fault::none:
        break;
    }
    line_.submit(write, done);
  }

 private:
  /// It travels, takes effect when it arrives, and nobody hears of it.
  void send(const Write& write) {
    auto* const sent = new testing::OwnedWrite(write);
    store_.submit(sent->view(), {[](void* raw, std::uint64_t, result<WriteReply>&&) noexcept {
                                   delete static_cast<testing::OwnedWrite*>(raw);
                                 },
                                 sent, 0});
  }

  testing::ApartStore& store_;
  testing::StoreLine<testing::ApartStore> line_;
  std::shared_ptr<Link> link_;
};

class ApartBackends {
 public:
  /// One owner's lines to the four places, joined by `split`.
  class Connection {
    using Claims = FaultyConnection<testing::ApartClaims>;
    using Log = FaultyConnection<testing::ApartLog>;
    using Events = FaultyConnection<testing::ApartOutbox>;

   public:
    using Backend = Joined<FaultyStock, Claims, Log, Events>;

    Connection(ApartBackends& backends, const std::shared_ptr<Link>& link)
        : stock_(backends.parts_.stock, link),
          claims_(backends.parts_.claims, link),
          log_(backends.parts_.log, link),
          events_(backends.parts_.outbox, link),
          split_(stock_, claims_, log_, events_) {}
    ~Connection() { stock_.cut(); }
    Backend& backend() { return split_; }

   private:
    FaultyStock stock_;
    Claims claims_;
    Log log_;
    Events events_;
    Backend split_;
  };

  ApartBackends(testing::ManualClock& clock, Executor& executor)
      : clock_(clock), parts_(clock, executor) {}

  void tick() {}
  bool open(std::span<const Line> lines) {
    testing::name_rows(parts_.stock, lines);
    auto kept = std::make_shared<std::vector<Line>>(lines.begin(), lines.end());
    opening_ = Adjust{make_id<AdjustId>({"opening"}), AdjustReason::opening,
                      clock_.now() + std::chrono::hours(1), *kept};
    opening_lines_ = std::move(kept);
    opening_write_.operation = &opening_;
    parts_.stock.submit(opening_write_,
                        {[](void*, std::uint64_t, result<WriteReply>&&) noexcept {}, nullptr, 0});
    return true;
  }
  StockCounters stock(Row row) { return parts_.stock.stock(row).value(); }
  std::vector<RunRecord> records(RunId run) { return testing::records_of(parts_.log, run).value(); }
  std::vector<std::string> published(RunId run) {
    std::vector<std::string> types;
    const auto pending = testing::pending(parts_.outbox, 1000).value();
    for (const Event& event : pending) {
      if (event.run == run) types.push_back(event.type);
    }
    return types;
  }

 private:
  testing::ManualClock& clock_;
  testing::ApartParts parts_;
  Operation opening_;
  Write opening_write_;
  std::shared_ptr<std::vector<Line>> opening_lines_;
};

}  // namespace invsaga::search
