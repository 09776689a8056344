// SPDX-License-Identifier: Apache-2.0
#include <invsaga/testing/apart_backend.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {
/// An operation on its way, and later its answer on the way back.
struct ApartStore::Message {
  Message(const Write& write, Completion<WriteReply> done_)
      : lent(write), shorts(write.shorts), done(done_) {}
  const OwnedWrite lent;
  std::span<ShortLine> shorts;  ///< The caller's.
  Completion<WriteReply> done;
  result<WriteReply> answer = Error{Errc::reply_lost};
};

ApartStore::ApartStore(const Clock& clock, Executor& executor, const ApartOptions& options,
                       KeepingRecorder* recorder)
    : clock_(clock),
      executor_(executor),
      longest_way_(options.longest_way),
      recorder_(recorder),
      catalog_({.max_rows = options.limits.max_rows}),
      ledger_(options.limits),
      chance_(options.seed) {}

ApartStore::~ApartStore() {
  executor_.drop(this);
  for (const auto& [number, message] : messages_) message->done(Error{Errc::reply_lost});
}

// A message's two ways are its tasks 2n and 2n + 1.
void ApartStore::travel(std::uint64_t task) {
  const auto longest = static_cast<std::uint64_t>(longest_way_.count());
  const Duration way{static_cast<std::int64_t>(longest == 0 ? 0 : chance_.below(longest + 1))};
  const auto run = [](void* store, std::uint64_t arrived) noexcept {
    auto* const self = static_cast<ApartStore*>(store);
    arrived % 2 == 0 ? self->arrive(arrived / 2) : self->answer(arrived / 2);
  };
  executor_.post_at(saturating_add(clock_.now(), way), Task{run, this, task, nullptr});
}

void ApartStore::submit(const Write& write, Completion<WriteReply> done) noexcept {
  const bool alone = write.operation != nullptr && !write.run.is_set();
  if (!alone) return done(Error{Errc::unsupported});
  const std::lock_guard lock(mutex_);
  const std::uint64_t number = ++sent_;
  messages_.emplace(number, std::make_shared<Message>(write, done));
  travel(2 * number);
}

void ApartStore::arrive(std::uint64_t number) {
  const std::lock_guard lock(mutex_);
  Message& message = *messages_.at(number);
  ledger_.advance_to(clock_.now());
  static_cast<void>(ledger_.expire_due());
  tell_expired();
  const Write& write = message.lent.view();
  auto answer = result<Answer>(Error{Errc::invalid_argument});
  if (check_named(catalog_, *write.operation).has_value()) {
    answer = ledger_.apply(*write.operation, write.shorts);
  }
  if (answer.has_value()) {
    tell(write, answer.assume_value());
    WriteReply reply;
    reply.answer = answer.assume_value();
    reply.at = ledger_.now();
    message.answer = reply;
  } else {
    message.answer = answer.assume_error();
  }
  travel(2 * number + 1);
}

void ApartStore::answer(std::uint64_t number) {
  std::shared_ptr<Message> message;
  {
    const std::lock_guard lock(mutex_);
    message = std::move(messages_.extract(number).mapped());
  }
  message->done(with_shorts_in(message->shorts, message->answer));
}

void ApartStore::tell(const Write& write, const Answer& answer) {
  if (recorder_ == nullptr) return;
  const LedgerTrace& trace = ledger_.last();
  recorder_->record({.at = ledger_.now(),
                     .operation = recorded(*write.operation, trace.lines),
                     .answer = answer,
                     .moved = trace.moved,
                     .back = trace.back,
                     .shorts = trace.shorts,
                     .repeat = trace.repeat,
                     .write = &write});
}

void ApartStore::tell_expired() {
  if (recorder_ == nullptr) return;
  for (const ExpiredHold& hold : ledger_.last().expired) {
    StockRecord record;
    record.at = ledger_.now();
    record.operation = Expire{hold.id};
    record.answer = ReleaseAnswer::expired;
    record.moved = hold.lines;
    recorder_->record(record);
  }
}

result<void> ApartStore::acknowledge_sale(ReservationId id) {
  const std::lock_guard lock(mutex_);
  return ledger_.acknowledge_sale(id);
}

result<StockCounters> ApartStore::stock(Row row) {
  const std::lock_guard lock(mutex_);
  ledger_.advance_to(clock_.now());
  static_cast<void>(ledger_.expire_due());
  tell_expired();
  return ledger_.stock(row);
}

std::size_t ApartStore::under_way() const {
  const std::lock_guard lock(mutex_);
  return messages_.size();
}

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
