// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <cstdlib>
#include <new>

#include "command.hpp"

namespace {

/// The library goes on without memory, and waits for it; a command that only counts cannot.
[[noreturn]] void give_up() {
  std::fputs("invsaga: not enough memory: nothing can be said\n", stderr);
  std::_Exit(3);
}

}  // namespace

int main(int argc, char** argv) {
  std::set_new_handler(give_up);
  return invsaga::tools::run_command(argc, argv);
}
