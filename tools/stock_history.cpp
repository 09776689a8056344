// SPDX-License-Identifier: Apache-2.0
#include "stock_history.hpp"

namespace invsaga::tools {
namespace {

struct Fill {
  HistoryLine& line;
  const ReplayNames& names;

  void operator()(const Reserve& reserve) const {
    line.op = HistoryOp::reserve;
    line.id = names.text(reserve.id);
    line.until = reserve.until;
    names.add_lines(reserve.lines, line.lines);
  }
  void operator()(const Commit& commit) const {
    line.op = HistoryOp::commit;
    line.id = names.text(commit.id);
  }
  void operator()(const Release& release) const {
    line.op = HistoryOp::release;
    line.id = names.text(release.id);
  }
  void operator()(const Extend& extend) const {
    line.op = HistoryOp::extend;
    line.id = names.text(extend.id);
    line.until = extend.until;
  }
  void operator()(const Adjust& adjust) const {
    line.op = HistoryOp::adjust;
    line.reason = std::string(name(adjust.reason));
    names.add_lines(adjust.lines, line.lines, adjust.reason == AdjustReason::write_off ? -1 : 1);
  }
  void operator()(const Expire& expire) const {
    line.op = HistoryOp::expire;
    line.id = names.text(expire.id);
    line.run = std::string(names.number(names.hold(expire.id).invoice));
  }
};

HistoryAnswer answer_of(const Answer& answer) { return history_answer(name(answer)); }

}  // namespace

HistoryLine line_of(const RecordedOperation& operation, const CallNote& note,
                    const ReplayNames& names) {
  HistoryLine line;
  line.t0 = note.t0;
  line.id = note.id;
  line.run = note.run;
  line.step = note.step;
  line.lost = note.lost;
  std::visit(Fill{line, names}, operation);
  return line;
}

void StockHistory::record(const StockRecord& record) noexcept {
  auto* note = record.write == nullptr ? nullptr : static_cast<CallNote*>(record.write->context);
  const bool own_doing = std::holds_alternative<Expire>(record.operation);
  HistoryLine line = line_of(record.operation, own_doing || note == nullptr ? CallNote{} : *note,
                             *names_);
  line.at = record.at;
  line.answer = answer_of(record.answer);
  line.repeat = record.repeat;
  names_->add_lines(record.moved, line.lines);
  names_->add_lines(record.back, line.back);
  names_->add_shorts(record.shorts, line.shorts);
  if (own_doing || note == nullptr) return log_->add(std::move(line));
  note->n = log_->open(std::move(line));
}

}  // namespace invsaga::tools
