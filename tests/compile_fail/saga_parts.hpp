// SPDX-License-Identifier: Apache-2.0
//
// What the sagas of saga_*.cpp are made of, all of it as it should be.
#pragma once

#include <invsaga/saga.hpp>

using namespace invsaga;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""h;

struct Shop {};
using Order = std::string;
using Receipt = std::int64_t;

result<void> place(Shop& shop, const Order& order);
result<void> cancel(Shop& shop, const Order& order);
Reserve hold(const StepContext& step, const Order& order);
Release give_back(const Reserved& reserved);
result<Receipt> charge(Shop& shop, const Order& order);
result<void> refund(Shop& shop, const Receipt& receipt);
Commit sell(const Reserved& reserved);
result<void> clear(Shop& shop, const Order& order);

inline constexpr Limits limits{2s, standard};
