// SPDX-License-Identifier: Apache-2.0
#include <invsaga/testing/model_check.hpp>

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include <invsaga/assert.hpp>
#include <invsaga/testing/blocking.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {
namespace {

/// Makes steps. An id's content is fixed when it is first named, as a caller who keeps the protocol
/// does.
class Workshop {
 public:
  Workshop(WorkSource source, const WorkShape& shape)
      : source_(source), shape_(shape), now_(shape.start) {}

  [[nodiscard]] bool is_empty() const noexcept { return source_.is_empty(); }

  /// Puts units on a row, under an id that no other step bears.
  [[nodiscard]] WorkStep open(std::uint32_t row) const {
    const Line line{Row{row}, shape_.opening};
    const AdjustId id{0, 1'000 + row};
    return operate(Adjust{id, AdjustReason::opening, now_ + Duration{1}, {&line, 1}});
  }

  WorkStep next() {
    const std::uint32_t kind = source_.below(16);
    if (kind < 3) return advance();
    if (kind < 4) return acknowledge_sale();
    if (kind < 6) return adjust();
    if (kind < 9) return commit();
    if (kind < 11) return release();
    if (kind < 13) return extend();
    return reserve();
  }

 private:
  struct Content {
    std::vector<Line> lines;
    Time until;
    AdjustReason reason{};
  };

  static WorkStep operate(const Operation& operation) {
    WorkStep step;
    step.operation = OwnedOperation(operation);
    return step;
  }

  bool odd() { return source_.below(100) < shape_.odd_percent; }

  std::uint64_t number() { return 1 + source_.below(shape_.ids); }
  /// An id to do something with: as often as not the last that was reserved.
  std::uint64_t held() { return source_.below(2) == 0 && last_ != 0 ? last_ : number(); }

  /// From `past` before now to the longest life.
  Time deadline(std::int64_t past) {
    const auto choices = static_cast<std::uint32_t>(shape_.longest + past + 1);
    return now_ + Duration{static_cast<std::int64_t>(source_.below(choices)) - past};
  }

  std::vector<Line> lines() {
    std::vector<Line> made(1 + source_.below(3));
    for (Line& line : made) {
      line.row = Row{source_.below(shape_.rows)};
      line.quantity = 1 + source_.below(static_cast<std::uint32_t>(shape_.most));
    }
    return made;
  }

  Content content() { return {lines(), deadline(0), static_cast<AdjustReason>(source_.below(4))}; }

  /// The content of an id; a new one once its deadline is past, since a caller may not use an id
  /// again before.
  Content of(std::map<std::uint64_t, Content>& known, std::uint64_t id) {
    const auto found = known.find(id);
    if (found != known.end() && (now_ < found->second.until || source_.below(4) == 0)) {
      return found->second;
    }
    return known[id] = content();
  }

  /// Something is wrong with it, or other than before.
  void spoil(Content& content) {
    switch (source_.below(8)) {
      case 0:
        content.until = {};
        break;
      case 1:
        content.lines.clear();
        break;
      case 2:
        content.lines.front().quantity = 0;
        break;
      case 3:
        content.lines.front().quantity = -1;
        break;
      case 4:
        content.lines.front().quantity = shape_.limits.max_units + 1;
        break;
      case 5:
        content.until = now_ + shape_.limits.max_lifetime + Duration{1};
        break;
      case 6:
        content.lines.front().quantity += 1;
        break;
      default:
        content.until += Duration{1};
        break;
    }
  }

  WorkStep advance() {
    WorkStep step;
    step.kind = WorkStep::Kind::advance;
    step.by = Duration{source_.below(static_cast<std::uint32_t>(shape_.longest) / 2 + 1)};
    now_ += step.by;
    return step;
  }
  WorkStep acknowledge_sale() {
    WorkStep step;
    step.kind = WorkStep::Kind::acknowledge_sale;
    step.id = {0, number()};
    return step;
  }
  WorkStep reserve() {
    const std::uint64_t id = last_ = number();
    Content asked = of(holds_, id);
    if (odd()) spoil(asked);
    // The order of the lines is no part of the content.
    if (source_.below(4) == 0) std::ranges::reverse(asked.lines);
    return operate(Reserve{{0, id}, asked.until, asked.lines});
  }
  WorkStep adjust() {
    const std::uint64_t id = number();
    Content asked = of(adjusts_, id);
    if (odd()) spoil(asked);
    return operate(Adjust{{0, id}, asked.reason, asked.until, asked.lines});
  }
  WorkStep commit() {
    const std::uint64_t id = held();
    std::vector<Line> part;
    if (source_.below(3) == 0 && holds_.contains(id)) {
      part = holds_[id].lines;
      part.resize(1 + source_.below(static_cast<std::uint32_t>(part.size())));
      part.front().quantity = 1 + source_.below(static_cast<std::uint32_t>(shape_.most));
    } else if (odd()) {
      part = lines();
    }
    return operate(Commit{{0, id}, part});
  }
  WorkStep release() { return operate(Release{{0, odd() ? 0 : held()}}); }
  WorkStep extend() {
    const std::uint64_t id = held();
    return operate(Extend{{0, id}, odd() ? Time{} : deadline(3)});
  }

  WorkSource source_;
  const WorkShape& shape_;
  Time now_;
  std::uint64_t last_ = 0;
  std::map<std::uint64_t, Content> holds_;
  std::map<std::uint64_t, Content> adjusts_;
};

std::vector<WorkStep> without(const std::vector<WorkStep>& work, std::size_t from,
                              std::size_t count) {
  std::vector<WorkStep> rest(work.begin(), work.begin() + static_cast<std::ptrdiff_t>(from));
  const std::size_t after = std::min(work.size(), from + count);
  rest.insert(rest.end(), work.begin() + static_cast<std::ptrdiff_t>(after), work.end());
  return rest;
}

}  // namespace

std::uint32_t WorkSource::below(std::uint32_t bound) {
  INVSAGA_ASSERT(0 < bound && bound <= 256, "WorkSource::below: a bound from 1 to 256");
  if (seeded_) return static_cast<std::uint32_t>(rng_.below(bound));
  if (bytes_.empty()) return 0;
  const auto number = std::to_integer<std::uint32_t>(bytes_.front());
  bytes_ = bytes_.subspan(1);
  return number % bound;
}

std::string to_text(const WorkStep& step) {
  switch (step.kind) {
    case WorkStep::Kind::advance:
      return "advance by " + std::to_string(step.by.count());
    case WorkStep::Kind::acknowledge_sale:
      return "acknowledge_sale #" + std::to_string(step.id.low);
    case WorkStep::Kind::operate:
      break;
  }
  return to_text(step.operation.view());
}

std::vector<WorkStep> make_work(WorkSource source, std::size_t count, const WorkShape& shape) {
  Workshop workshop(source, shape);
  std::vector<WorkStep> work;
  for (std::uint32_t row = 0; shape.opening > 0 && row < shape.rows; ++row) {
    work.push_back(workshop.open(row));
  }
  while (work.size() < count && !workshop.is_empty()) work.push_back(workshop.next());
  return work;
}

std::vector<WorkStep> shrink(std::vector<WorkStep> work,
                             const std::function<bool(const std::vector<WorkStep>&)>& fails) {
  for (std::size_t chunk = std::max<std::size_t>(work.size() / 2, 1); chunk > 0;) {
    bool smaller = false;
    for (std::size_t from = 0; from < work.size();) {
      auto rest = without(work, from, chunk);
      if (rest.size() < work.size() && fails(rest)) {
        work = std::move(rest);
        smaller = true;
      } else {
        from += chunk;
      }
    }
    if (!smaller || chunk > 1) chunk /= 2;
  }
  return work;
}

std::string compare_with_model(MakeStore make, const std::vector<WorkStep>& work,
                               const WorkShape& shape) {
  const auto store = make(shape.limits);
  store->advance_to(shape.start);
  StockJudge judge(store->limits());
  judge.advance_to(shape.start);
  std::vector<ShortLine> shorts(shape.rows + 4);
  for (std::size_t i = 0; i < work.size(); ++i) {
    const WorkStep& step = work[i];
    std::optional<std::string> wrong;
    if (step.kind == WorkStep::Kind::advance) {
      judge.advance_to(saturating_add(judge.now(), step.by));
      store->advance_to(judge.now());
    } else if (step.kind == WorkStep::Kind::acknowledge_sale) {
      judge.acknowledge_sale(step.id);
      if (!store->acknowledge_sale(step.id).has_value()) wrong = "acknowledge_sale failed";
    } else {
      const Operation operation = step.operation.view();
      wrong = judge.judge(operation, apply_operation(*store, operation, shorts));
    }
    for (std::uint32_t row = 0; row < shape.rows && !wrong; ++row) {
      const auto seen = store->stock(Row{row});
      wrong = seen.has_value() ? judge.judge(Row{row}, seen.assume_value()) : "stock failed";
    }
    if (wrong) return "step " + std::to_string(i) + " (" + to_text(step) + "): " + *wrong;
  }
  return {};
}

std::string find_divergence(MakeStore make, std::uint64_t seed, std::size_t count,
                            const WorkShape& shape) {
  auto work = make_work(WorkSource(seed), count, shape);
  if (compare_with_model(make, work, shape).empty()) return {};
  work = shrink(std::move(work), [&](const std::vector<WorkStep>& smaller) {
    return !compare_with_model(make, smaller, shape).empty();
  });
  std::string report = "seed " + std::to_string(seed) + ", " +
                       compare_with_model(make, work, shape) + ", after:\n";
  for (const WorkStep& step : work) report += "  " + to_text(step) + "\n";
  return report;
}

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
