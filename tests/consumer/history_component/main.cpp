// SPDX-License-Identifier: Apache-2.0
//
// A history without a line, which is no history of anything: the checker says so once.
#include <iostream>

#include <invsaga/history/checker.hpp>

int main() { std::cout << invsaga::check_history({}).violation_count << " violations\n"; }
