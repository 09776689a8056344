// SPDX-License-Identifier: Apache-2.0
//
// What the sagas of saga_*.cpp are made of, all of it as it should be.
#pragma once

#include <invsaga/saga.hpp>

using std::chrono_literals::operator""s;
using std::chrono_literals::operator""h;

struct Shop {};
using Order = std::string;
using Receipt = std::int64_t;

invsaga::result<void> place(Shop& shop, const Order& order);
invsaga::result<void> cancel(Shop& shop, const Order& order);
invsaga::OwnedReserve hold(const invsaga::StepContext& step, const Order& order);
invsaga::Release give_back(const invsaga::Reserved& reserved);
invsaga::result<Receipt> charge(Shop& shop, const Order& order);
invsaga::result<void> refund(Shop& shop, const Receipt& receipt);
invsaga::OwnedCommit sell(const invsaga::Reserved& reserved);
invsaga::result<void> clear(Shop& shop, const Order& order);

inline constexpr invsaga::StepLimits limits{2s, invsaga::standard};
