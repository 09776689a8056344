// SPDX-License-Identifier: Apache-2.0
//
// A store that only submits has to say what it can before others are joined to it.
//
// expect: StockPart
#include <invsaga/split.hpp>
#include <invsaga/testing/archetypes.hpp>

using namespace invsaga;
using namespace invsaga::testing::archetypes;

#ifdef MENDED
using Stock = StockPartArchetype;
#else
using Stock = WritableStoreArchetype;
#endif

void join(Stock& stock, IdempotencyStoreArchetype& claims, SagaLogArchetype& log,
          OutboxArchetype& outbox) {
  auto backend = split(stock, claims, log, outbox);
  static_cast<void>(backend.limits());
}
