// SPDX-License-Identifier: Apache-2.0
//
// An empty history, checked by who asked for histories alone.
#include <iostream>

#include <invsaga/history/checker.hpp>

int main() { std::cout << invsaga::check_history({}).violation_count << " violations\n"; }
