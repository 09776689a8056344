// SPDX-License-Identifier: Apache-2.0
#include "replay_names.hpp"

#include <algorithm>

#include <invsaga/definition.hpp>

#include "checkout/checkout.hpp"

namespace invsaga::tools {
namespace {

constexpr std::string_view tenant = "replay";

/// Asked for on its own day, and kept for a week: longer than any run takes.
constexpr Duration request_lifetime = std::chrono::hours(24 * 7);

std::string payload(const Orders& orders, const Invoice& invoice) {
  ByteWriter writer;
  writer.text(invoice.customer);
  writer.text(decimal_text(invoice.total));
  for (const SkuLine& line : orders.lines_of(invoice)) {
    writer.text(orders.skus[line.sku]);
    writer.i64(line.qty);
  }
  const Bytes bytes = writer.view();
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

AdjustId AdjustName::id() const noexcept {
  return make_id<AdjustId>({"adjust", name(reason), day, of});
}

std::string AdjustName::text() const {
  std::string made(name(reason));
  if (!day.empty()) made += "/" + day;
  return made + "/" + std::string(of);
}

result<ReplayNames> ReplayNames::of(const Orders& orders) {
  ReplayNames names;
  names.orders_ = &orders;
  Catalog catalog({.max_rows = std::max<std::size_t>(orders.skus.size(), 1)});
  names.skus_.resize(orders.skus.size());
  for (SkuId sku = 0; sku < orders.skus.size(); ++sku) {
    INVSAGA_TRY(const Row row, catalog.intern("", orders.skus[sku]));
    names.rows_.push_back(row);
    names.skus_[row.index] = sku;
  }
  const std::uint32_t holds = checkout::saga.definition().further_rounds + 1;
  for (std::size_t i = 0; i < orders.invoices.size(); ++i) {
    if (orders.invoices[i].kind != InvoiceKind::order) continue;
    const StartRequest request = names.request(i);
    const RunId run = run_id(checkout::saga.name(), request);
    names.runs_.emplace(run, i);
    names.requests_.emplace(request.request, i);
    for (std::uint32_t hold = 0; hold < holds; ++hold) {
      names.holds_.emplace(reservation_id(run, checkout::reserve_step, hold), Hold{i, hold});
    }
  }
  return names;
}

StartRequest ReplayNames::request(std::size_t index) const {
  const Invoice& invoice = orders_->invoices[index];
  StartRequest request;
  request.key = std::string(invoice.number);
  request.request = request_key(tenant, "checkout", invoice.number);
  request.fingerprint = fingerprint(as_bytes(payload(*orders_, invoice)));
  request.deadline = invoice.time + request_lifetime;
  return request;
}

std::string ReplayNames::text(ReservationId id) const {
  const Hold named = hold(id);
  return std::string(number(named.invoice)) + "/reserve/" + std::to_string(named.hold);
}

void ReplayNames::add_lines(std::span<const Line> lines, HistoryUnits& units, Units sign) const {
  for (const Line& line : lines) units.add(sku(line.row), sign * line.quantity);
}

void ReplayNames::add_shorts(std::span<const ShortLine> shorts, HistoryUnits& units) const {
  for (const ShortLine& line : shorts) units.add(sku(line.row), line.asked, line.available);
}

std::string ReplayNames::amount(std::size_t index) const {
  return decimal_text(std::max<Int128>(orders_->invoices[index].total, 0));
}

Units ReplayNames::units(std::size_t index) const {
  Units sum = 0;
  for (const SkuLine& line : orders_->lines_of(orders_->invoices[index])) sum += line.qty;
  return sum;
}

}  // namespace invsaga::tools
