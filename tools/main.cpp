// SPDX-License-Identifier: Apache-2.0
#include "command.hpp"

int main(int argc, char** argv) { return invsaga::tools::run_command(argc, argv); }
