// SPDX-License-Identifier: Apache-2.0
//
// Runs a fuzz target over the files of a folder, so that what was once found stays found with any
// compiler and without libFuzzer: `x_corpus FOLDER...`. Exit status 0 if each folder held a file
// and the target returned from each; a fault ends the program there, after the file's name.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <system_error>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

namespace fs = std::filesystem;

/// The files of a folder in the order of their names; none if the folder cannot be read.
std::vector<fs::path> files_of(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code unreadable;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, unreadable)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

bool run(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    std::fprintf(stderr, "%s: cannot be read\n", file.c_str());
    return false;
  }
  std::vector<char> read{std::istreambuf_iterator<char>(stream), {}};
  // A copy of exactly this size, so that a read past the end is past the allocation.
  const std::vector<std::uint8_t> bytes(read.begin(), read.end());
  std::printf("%s\n", file.c_str());
  std::fflush(stdout);
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  return true;
}

bool run_all(const fs::path& folder) {
  const std::vector<fs::path> files = files_of(folder);
  if (files.empty()) std::fprintf(stderr, "%s: no file to run\n", folder.c_str());
  return !files.empty() && std::all_of(files.begin(), files.end(), run);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s FOLDER...\n", argv[0]);
    return 2;
  }
  return std::all_of(argv + 1, argv + argc, run_all) ? 0 : 1;
}
