// SPDX-License-Identifier: Apache-2.0
//
// Why a run stands where it stands, as JSON: the facts of the words, and the words.
#include <invsaga/id_text.hpp>

#include "text/json_writer.hpp"
#include "told.hpp"

namespace invsaga {
inline namespace v0 {
namespace detail {
namespace {

void put_error(JsonWriter& json, std::string_view key, const Error& error) {
  json.key(key);
  json.object([&] {
    json.field("code", name(error.code));
    json.field("number", static_cast<unsigned>(error.code));
    json.field("remedy", name(error.remedy()));
    if (error.part != WritePart::none) json.field("part", name(error.part));
    if (error.limit != Limit::none) json.field("limit", name(error.limit));
    if (error.asked != 0 || error.allowed != 0) {
      json.field("asked", error.asked);
      json.field("allowed", error.allowed);
    }
    if (error.own != 0) json.field("own", error.own);
    json.field("text", what_happened(error));
  });
}

void put_row(JsonWriter& json, const AnyBackend& names, Row row) {
  json.field("row", row.index);
  if (const auto called = names.name(row)) {
    json.field("store", called->store);
    json.field("product", called->product);
  }
}

void put_why(JsonWriter& json, const AnyBackend& names, const Why& why) {
  if (why.decision != StockDecision::none) json.field("decision", name(why.decision));
  if (why.error.code != Errc{}) put_error(json, "error", why.error);
  if (!why.thrown.empty()) json.field("thrown", why.thrown);
  if (why.shorts.empty()) return;
  json.key("shorts");
  json.array([&] {
    for (const ShortLine& line : why.shorts) {
      json.object([&] {
        put_row(json, names, line.row);
        json.field("asked", line.asked);
        json.field("left", line.available);
      });
    }
  });
}

void put_step(JsonWriter& json, const AnyBackend& names, const Told& told, StepIndex i) {
  const StepState& step = told.state.steps[i];
  json.object([&] {
    json.field("name", told.step_name(i));
    if (step.outcome) json.field("outcome", name(*step.outcome));
    put_why(json, names, why_of(told, i));
    if (!step.holds.empty()) json.field("holds", step.holds.size());
    json.field("undone", step.undone);
    json.field("text", step_text(names, told, i));
  });
}

void put_next(JsonWriter& json, const AnyBackend& names, const Told& told) {
  json.object([&] {
    if (told.current) {
      json.field("step", told.step_name(told.current->step));
      json.field("undo", told.current->undo);
      if (told.here && told.current->attempts > 0) {
        json.field("attempts", told.current->attempts);
        json.field("under_way", told.current->under_way);
        json.field(told.current->under_way ? "until" : "again", told.current->when);
      }
    }
    json.field("here", told.here);
    put_why(json, names, last_failure(told));
    json.field("text", next_text(names, told));
  });
}

void put_log(JsonWriter& json, const LogFailure& log) {
  json.object([&] {
    json.field("attempts", log.count);
    json.field("again", log.again);
    put_error(json, "error", log.error);
    json.field("text", log_text(log));
  });
}

void put_record(JsonWriter& json, const RunRecord& record, const Definition& definition) {
  json.object([&] {
    json.field("at", record.at);
    json.field("kind", name(record.kind));
    json.field("text", record_text(record, definition));
  });
}

}  // namespace

result<std::string> json_explanation_of(const RunnerCore::Core& core, RunId run,
                                        std::vector<RunRecord> records) {
  INVSAGA_TRY(const Told told, told_of(core, run, std::move(records)));
  const Definition& definition = told.definition();
  const RunState& state = told.state;
  JsonWriter json;
  json.object([&] {
    json.field("run", to_hex(run));
    json.field("key", state.key);
    json.field("saga", state.saga.name);
    json.field("version", state.saga.version);
    json.field("status", name(state.status(definition)));
    json.field("stage", name(told.stage));
    json.field("since", told.stage_since);
    if (state.end || state.stuck) json.field("end", name(state.end.value_or(RunEnd::stuck)));
    if (!state.reason.empty()) json.field("reason", state.reason);
    json.field("answer", headline(told));
    json.key("steps");
    json.array([&] {
      for (StepIndex i = 0; i < state.steps.size(); ++i) put_step(json, core.backend, told, i);
    });
    json.key("next");
    put_next(json, core.backend, told);
    if (told.log.count > 0) {
      json.key("log");
      put_log(json, told.log);
    }
    json.key("records");
    json.array([&] {
      for (const RunRecord& record : told.records) put_record(json, record, definition);
    });
  });
  return std::move(json).take() + "\n";
}

}  // namespace detail
}  // namespace v0
}  // namespace invsaga
