// SPDX-License-Identifier: Apache-2.0
//
// The table of contents. Including it includes the core; a service names the headers that it uses,
// and its backend's. Read those marked * in this order, then one backend.
#pragma once

// Results and values
#include <invsaga/assert.hpp>      // what is required is looked at, where assertions are on
#include <invsaga/bytes.hpp>       // writes bytes, and reads no more than there are
#include <invsaga/error.hpp>       //   why there is no answer, and what to do about it
#include <invsaga/hash.hpp>        // std::hash of ids, errors and answers
#include <invsaga/id_text.hpp>     // ids as text
#include <invsaga/ids.hpp>         // 128-bit ids, made from text once
#include <invsaga/keyed_hash.hpp>  // for tables whose keys strangers choose
#include <invsaga/result.hpp>      // * answers and errors, and what to do about an error
#include <invsaga/storable.hpp>    //   what it takes to be kept
#include <invsaga/stored.hpp>      // what is kept of a value: encode, decode, a struct of your own
#include <invsaga/text.hpp>        // how a stream shows ids, errors, answers and states
#include <invsaga/thrown.hpp>      // what users' code throws at a part, which goes on
#include <invsaga/time.hpp>        // time is an argument
#include <invsaga/version.hpp>     // which version this is

// Stock
#include <invsaga/capabilities.hpp>  // what a store can do, and who needs it
#include <invsaga/catalog.hpp>       // (store, product) to row and back
#include <invsaga/operation.hpp>     // * what may be asked of the stock, and the answers
#include <invsaga/owned.hpp>         // operations and answers that own their lines, as bytes too
#include <invsaga/reservation.hpp>   // * what a store of reservations is
#include <invsaga/stock.hpp>         // the rules, as pure functions

// Requests
#include <invsaga/idempotency.hpp>  // one effect a request
#include <invsaga/redelivery.hpp>   // how long answers have to be kept
#include <invsaga/request_id.hpp>   // the keys of requests, from text that clients send

// Events
#include <invsaga/any_bus.hpp>     // any bus, its type erased
#include <invsaga/any_claims.hpp>  // any store of claims
#include <invsaga/any_outbox.hpp>  // any outbox, to be read
#include <invsaga/event.hpp>       // an event, and its CloudEvents envelope
#include <invsaga/event_bus.hpp>   // what carries them
#include <invsaga/inbox.hpp>       // each event is acted on once
#include <invsaga/outbox.hpp>      // events that are stored with the state change
#include <invsaga/relay.hpp>       // from the outbox to the bus

// Sagas and their runs
#include <invsaga/completion.hpp>      // where an answer goes that may come later
#include <invsaga/definition.hpp>      // a saga without its types
#include <invsaga/forgetting.hpp>      // when a run may be forgotten
#include <invsaga/order_stage.hpp>     // where an order stands, for whoever ordered
#include <invsaga/prepared_write.hpp>  // a write that owns all that it lends
#include <invsaga/reply.hpp>           // what a step answers that may answer later
#include <invsaga/retry.hpp>           // when an attempt is made again
#include <invsaga/run_observer.hpp>    // who is told what runs record
#include <invsaga/run_outcome.hpp>     // how a run ended
#include <invsaga/run_record.hpp>      // what is recorded of a run
#include <invsaga/run_state.hpp>       // what the records add up to
#include <invsaga/run_status.hpp>      // where a run stands, as a runner tells it
#include <invsaga/saga.hpp>            // * steps, classes, undos, checked by the compiler
#include <invsaga/saga_log.hpp>        // where the records are
#include <invsaga/saga_machine.hpp>    // what a run is to do next: no clock, no lock, no I/O
#include <invsaga/saga_outputs.hpp>    // what steps that touch the stock leave for later ones
#include <invsaga/write.hpp>           // what a run wants written at one instant

// Backends and runners
#include <invsaga/any_backend.hpp>     // any backend, its type erased
#include <invsaga/await_run.hpp>       // waiting for a run, as a coroutine
#include <invsaga/backend.hpp>         // what shares one atomic append
#include <invsaga/completer.hpp>       // answers from who may outlive the runner
#include <invsaga/environment.hpp>     // clock, executor, chance
#include <invsaga/forwarding.hpp>      // what a wrapper of a backend does not change
#include <invsaga/keeper.hpp>          // what has to happen regularly
#include <invsaga/rng.hpp>             // chance that a seed decides
#include <invsaga/run_sync.hpp>        // one saga on the caller's thread
#include <invsaga/saga_runner.hpp>     // * drives runs: many at a time, or one
#include <invsaga/split.hpp>           // a backend of parts that live apart
#include <invsaga/start_on_event.hpp>  // sagas that events start

// Elsewhere, each included by its own name:
//   #include <invsaga/fmt.hpp>                  how fmt shows them
//   invsaga/memory.hpp, invsaga/memory_bus.hpp  the memory backend (invsaga::memory)
//   invsaga/reference/                          the sequential parts: the specification
//   invsaga/history/                            format, checker, story (invsaga::history)
//   invsaga/testing/                            model, suites, faults (invsaga::testing)
