// SPDX-License-Identifier: Apache-2.0
//
// Any backend, its type erased: what a service holds whose backend is chosen when it starts.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include <invsaga/backend.hpp>
#include <invsaga/catalog.hpp>

namespace invsaga {
inline namespace v0 {

/// A Backend by one virtual call each. Copies refer to the same one. As safe from threads, and as
/// free of allocation, as what it refers to.
class AnyBackend {
 public:
  /// Borrows the backend, which outlives every copy. (Wanted without saying so: whoever takes an
  /// `AnyBackend` takes any backend.)
  template <Backend B>
    requires(!std::same_as<std::remove_cv_t<B>, AnyBackend>)
  AnyBackend(B& backend)  // NOLINT(google-explicit-constructor)
      : port_(std::make_shared<PortOf<B>>(backend)) {}

  [[nodiscard]] Capabilities capabilities() const noexcept { return port_->capabilities(); }
  [[nodiscard]] StoreLimits limits() const noexcept { return port_->limits(); }
  [[nodiscard]] WriteLimits write_limits() const noexcept { return port_->write_limits(); }
  [[nodiscard]] std::optional<Retention> retention() const noexcept { return port_->retention(); }
  [[nodiscard]] Time now() const noexcept { return port_->now(); }

  // Of a backend that reads no clock. One that does has none of these, and they do nothing.
  /// Moves its clock. An earlier time changes nothing.
  void advance_to(Time time) noexcept { port_->advance_to(time); }
  /// Expires what is due. Answers how many holds.
  result<std::size_t> expire_due() noexcept { return port_->expire_due(); }
  /// The earliest deadline of a live hold.
  [[nodiscard]] std::optional<Time> next_expiry() const noexcept { return port_->next_expiry(); }

  [[nodiscard]] std::optional<Row> find(std::string_view store,
                                        std::string_view product) const noexcept {
    return port_->find(store, product);
  }
  [[nodiscard]] std::optional<RowName> name(Row row) const noexcept { return port_->name(row); }

  void intern(std::string_view store, std::string_view product, Completion<Row> done) noexcept {
    port_->intern(store, product, done);
  }
  void submit(const Write& write, Completion<WriteReply> done) noexcept {
    port_->submit(write, done);
  }
  void claim(const Claim& claim, Completion<ClaimAnswer> done) noexcept {
    port_->claim(claim, done);
  }
  void extend_claim(RequestKey key, std::uint64_t epoch, Time until,
                    Completion<void> done) noexcept {
    port_->extend_claim(key, epoch, until, done);
  }
  void confirm_claim(RequestKey key, std::uint64_t epoch, Bytes answer,
                     Completion<void> done) noexcept {
    port_->confirm_claim(key, epoch, answer, done);
  }
  void release_claim(RequestKey key, std::uint64_t epoch, Completion<void> done) noexcept {
    port_->release_claim(key, epoch, done);
  }
  void read(RunId run, Completion<std::vector<LogEntry>> done) noexcept { port_->read(run, done); }
  void unfinished(RunId after, std::size_t limit, Completion<std::vector<RunId>> done) noexcept {
    port_->unfinished(after, limit, done);
  }
  void stuck(RunId after, std::size_t limit, Completion<std::vector<RunId>> done) noexcept {
    port_->stuck(after, limit, done);
  }
  void ended(Time before, EndedRun after, std::size_t limit,
             Completion<std::vector<EndedRun>> done) noexcept {
    port_->ended(before, after, limit, done);
  }
  void forget(RunId run, Completion<void> done) noexcept { port_->forget(run, done); }
  void settle(RunId run, std::span<const LogEntry> entries, Completion<void> done) noexcept {
    port_->settle(run, entries, done);
  }
  void pending(std::uint64_t after, std::size_t limit,
               Completion<std::vector<PendingEvent>> done) noexcept {
    port_->pending(after, limit, done);
  }
  void acknowledge_event(RunId run, std::uint64_t sequence, Completion<void> done) noexcept {
    port_->acknowledge_event(run, sequence, done);
  }

 private:
  class Port {
   public:
    virtual ~Port() = default;
    [[nodiscard]] virtual Capabilities capabilities() const noexcept = 0;
    [[nodiscard]] virtual StoreLimits limits() const noexcept = 0;
    [[nodiscard]] virtual WriteLimits write_limits() const noexcept = 0;
    [[nodiscard]] virtual std::optional<Retention> retention() const noexcept = 0;
    [[nodiscard]] virtual Time now() const noexcept = 0;
    virtual void advance_to(Time) noexcept = 0;
    virtual result<std::size_t> expire_due() noexcept = 0;
    [[nodiscard]] virtual std::optional<Time> next_expiry() const noexcept = 0;
    [[nodiscard]] virtual std::optional<Row> find(std::string_view,
                                                  std::string_view) const noexcept = 0;
    [[nodiscard]] virtual std::optional<RowName> name(Row) const noexcept = 0;
    virtual void intern(std::string_view, std::string_view, Completion<Row>) noexcept = 0;
    virtual void submit(const Write&, Completion<WriteReply>) noexcept = 0;
    virtual void claim(const Claim&, Completion<ClaimAnswer>) noexcept = 0;
    virtual void extend_claim(RequestKey, std::uint64_t, Time, Completion<void>) noexcept = 0;
    virtual void confirm_claim(RequestKey, std::uint64_t, Bytes, Completion<void>) noexcept = 0;
    virtual void release_claim(RequestKey, std::uint64_t, Completion<void>) noexcept = 0;
    virtual void read(RunId, Completion<std::vector<LogEntry>>) noexcept = 0;
    virtual void unfinished(RunId, std::size_t, Completion<std::vector<RunId>>) noexcept = 0;
    virtual void stuck(RunId, std::size_t, Completion<std::vector<RunId>>) noexcept = 0;
    virtual void ended(Time, EndedRun, std::size_t, Completion<std::vector<EndedRun>>) noexcept = 0;
    virtual void forget(RunId, Completion<void>) noexcept = 0;
    virtual void settle(RunId, std::span<const LogEntry>, Completion<void>) noexcept = 0;
    virtual void pending(std::uint64_t, std::size_t,
                         Completion<std::vector<PendingEvent>>) noexcept = 0;
    virtual void acknowledge_event(RunId, std::uint64_t, Completion<void>) noexcept = 0;
  };

  template <Backend B>
  class PortOf final : public Port {
   public:
    explicit PortOf(B& backend) noexcept : backend_(backend) {}

    Capabilities capabilities() const noexcept override { return view().capabilities(); }
    StoreLimits limits() const noexcept override { return view().limits(); }
    WriteLimits write_limits() const noexcept override { return view().write_limits(); }
    std::optional<Retention> retention() const noexcept override { return retention_of(view()); }
    Time now() const noexcept override { return view().now(); }
    void advance_to(Time time) noexcept override {
      if constexpr (requires { backend_.advance_to(time); }) backend_.advance_to(time);
    }
    result<std::size_t> expire_due() noexcept override {
      if constexpr (requires { result<std::size_t>(backend_.expire_due()); }) {
        return backend_.expire_due();
      } else {
        return std::size_t{0};
      }
    }
    std::optional<Time> next_expiry() const noexcept override {
      if constexpr (requires { std::optional<Time>(view().next_expiry()); }) {
        return view().next_expiry();
      } else {
        return std::nullopt;
      }
    }
    std::optional<Row> find(std::string_view store,
                            std::string_view product) const noexcept override {
      return view().find(store, product);
    }
    std::optional<RowName> name(Row row) const noexcept override { return view().name(row); }
    void intern(std::string_view store, std::string_view product,
                Completion<Row> done) noexcept override {
      backend_.intern(store, product, done);
    }
    void submit(const Write& write, Completion<WriteReply> done) noexcept override {
      backend_.submit(write, done);
    }
    void claim(const Claim& claim, Completion<ClaimAnswer> done) noexcept override {
      backend_.claim(claim, done);
    }
    void extend_claim(RequestKey key, std::uint64_t epoch, Time until,
                      Completion<void> done) noexcept override {
      backend_.extend_claim(key, epoch, until, done);
    }
    void confirm_claim(RequestKey key, std::uint64_t epoch, Bytes answer,
                       Completion<void> done) noexcept override {
      backend_.confirm_claim(key, epoch, answer, done);
    }
    void release_claim(RequestKey key, std::uint64_t epoch,
                       Completion<void> done) noexcept override {
      backend_.release_claim(key, epoch, done);
    }
    void read(RunId run, Completion<std::vector<LogEntry>> done) noexcept override {
      backend_.read(run, done);
    }
    void unfinished(RunId after, std::size_t limit,
                    Completion<std::vector<RunId>> done) noexcept override {
      backend_.unfinished(after, limit, done);
    }
    void stuck(RunId after, std::size_t limit,
               Completion<std::vector<RunId>> done) noexcept override {
      backend_.stuck(after, limit, done);
    }
    void ended(Time before, EndedRun after, std::size_t limit,
               Completion<std::vector<EndedRun>> done) noexcept override {
      backend_.ended(before, after, limit, done);
    }
    void forget(RunId run, Completion<void> done) noexcept override { backend_.forget(run, done); }
    void settle(RunId run, std::span<const LogEntry> entries,
                Completion<void> done) noexcept override {
      backend_.settle(run, entries, done);
    }
    void pending(std::uint64_t after, std::size_t limit,
                 Completion<std::vector<PendingEvent>> done) noexcept override {
      backend_.pending(after, limit, done);
    }
    void acknowledge_event(RunId run, std::uint64_t sequence,
                           Completion<void> done) noexcept override {
      backend_.acknowledge_event(run, sequence, done);
    }

   private:
    [[nodiscard]] const B& view() const noexcept { return backend_; }
    B& backend_;
  };

  std::shared_ptr<Port> port_;
};
static_assert(Backend<AnyBackend>);

}  // namespace v0
}  // namespace invsaga
