#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# check.sh finds each break of a rule: a small tree that keeps them all is broken in one place at a
# time, and the named rule, and no other, has to complain. So does requires.py.
set -u
check=$(cd "$(dirname "$0")" && pwd)/check.sh
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
tree=$work/tree
failures=0

put() {  # put FILE LINE...: a source of ours with these lines
  local file=$tree/$1 mark='//'
  shift
  [[ $file == *.[ch]pp ]] || mark='#'
  mkdir -p "$(dirname "$file")"
  printf '%s SPDX-License-Identifier: Apache-2.0\n' "$mark" > "$file"
  [[ $file != *.hpp ]] || echo '#pragma once' >> "$file"
  (($# == 0)) || printf '%s\n' "$@" >> "$file"
}

plant_good_tree() {
  rm -rf "$tree"
  mkdir -p "$tree"/{docs,scripts,cmake,.ci,backends/memory/include}
  touch "$tree"/{CMakePresets.json,LICENSE,README.md,backends/memory/README.md}
  put CMakeLists.txt
  put backends/memory/CMakeLists.txt
  put backends/memory/include/invsaga/memory.hpp '#include <invsaga/memory_component.hpp>' \
    '#include <invsaga/stock.hpp>'
  put backends/memory/include/invsaga/memory_component.hpp
  put include/invsaga/stock.hpp '#include <boost/outcome/basic_result.hpp>' '#include <vector>'
  put include/invsaga/testing/model.hpp '#include <gtest/gtest.h>' '#include <thread>' \
    '#include <invsaga/testing/component.hpp>'
  put include/invsaga/testing/component.hpp
  put src/stock.cpp '// std::thread, random_device and system_clock::now() are only words here'
  put src/environment.cpp 'auto now = std::chrono::system_clock::now();' '#include <thread>'
  put tools/main.cpp '#include <absl/hash/hash.h>' '#include <fmt/core.h>' '#include <fstream>'
  put examples/01_reserve.cpp
  put tests/stock_test.cpp '#include <gtest/gtest.h>'
  put benchmarks/stock.cpp '#include <benchmark/benchmark.h>'
  put fuzz/event_fuzz.cpp 'int LLVMFuzzerTestOneInput();'
}

expect() {  # expect RULE WHAT: the tree as it now is breaks this rule alone (or none)
  local rule=$1 what=$2 said broken
  said=$("$check" "$tree" 2>&1)
  broken=$(grep -oE '^[a-z_]+: ' <<< "$said" | sort -u | tr -d ': \n')
  [[ $rule == none ]] && rule=''
  if [[ $broken != "$rule" ]]; then
    printf 'FAILED %s: broke "%s", not "%s"\n%s\n' "$what" "$broken" "$rule" "$said"
    failures=$((failures + 1))
  fi
}

broken_by() {  # broken_by RULE FILE LINE...: the good tree with one more file, or with this one so
  local rule=$1
  shift
  plant_good_tree
  put "$@"
  expect "$rule" "$*"
}

plant_good_tree
expect none 'the good tree'

broken_by folders_point_down src/text/a.cpp '#include <invsaga/stock.hpp>'
broken_by folders_point_down include/invsaga/capabilities.hpp '#include <invsaga/idempotency.hpp>'
broken_by folders_point_down include/invsaga/run_record.hpp '#include <invsaga/definition.hpp>'
broken_by folders_point_down src/saga/a.cpp '#include <invsaga/backend.hpp>'
broken_by folders_point_down src/runner/a.cpp '#include <invsaga/history/history.hpp>'
broken_by folders_point_down src/history/a.cpp '#include <invsaga/history/checker.hpp>'
broken_by folders_point_down include/invsaga/homeless.hpp '#include <invsaga/ids.hpp>'
broken_by none src/check/a.cpp '#include <invsaga/history/history.hpp>'
broken_by none src/runner/a.cpp '#include <invsaga/saga_machine.hpp>'
for line in 'struct Impl;' 'claims.extend(key, epoch, until);' 'log.acknowledge(id);' \
  'if (event.saga == id)' 'struct Limits {};' '#include "tests/runner/runner_rig.hpp"'; do
  broken_by one_word tests/a_test.cpp "$line"
done
broken_by none tests/a_test.cpp 'stock.extend({id, until});'

broken_by include_direction src/stock.cpp '#include <invsaga/testing/model.hpp>'
broken_by include_direction src/stock.cpp '#include <invsaga/memory.hpp>'
broken_by include_direction include/invsaga/ids.hpp '#include "invsaga/testing/model.hpp"'
broken_by include_direction include/invsaga/testing/model.hpp '#include <invsaga/memory.hpp>' \
  '#include <invsaga/testing/component.hpp>'
broken_by include_direction backends/memory/src/a.cpp '#include <invsaga/testing/model.hpp>'
broken_by none backends/memory/tests/a_test.cpp '#include <invsaga/testing/model.hpp>'
for library in absl/hash/hash.h fmt/core.h nlohmann/json.hpp boost/asio.hpp boost/optional.hpp \
  gtest/gtest.h; do
  broken_by public_includes include/invsaga/ids.hpp "#include <$library>"
  broken_by none src/ids.cpp "#include <$library>"
done
broken_by public_includes include/invsaga/testing/model.hpp '#include <fmt/core.h>' \
  '#include <invsaga/testing/component.hpp>'
broken_by public_includes include/invsaga/text.hpp '#include <ostream>'
broken_by none include/invsaga/text.hpp '#include <iosfwd>'
broken_by none include/invsaga/fmt.hpp '#include <fmt/format.h>'
broken_by public_includes include/invsaga/fmt.hpp '#include <nlohmann/json.hpp>'
for line in 'auto t = std::chrono::steady_clock::now();' 'std::time(nullptr);' 'time(NULL);' \
  'std::random_device d;' 'rand();' 'std::thread t;' 'std::jthread t;' 'std::async(f);' \
  'std::this_thread::sleep_for(x);' 'usleep(1);' 'std::cout << 1;' 'getenv("X");' \
  'int s = socket(1, 2, 3);' '#include <fstream>' '#include <sys/socket.h>'; do
  broken_by core_is_pure src/stock.cpp "$line"
  broken_by core_is_pure backends/memory/src/stock.cpp "$line"
  broken_by none tools/stock.cpp "$line"
done
broken_by core_is_pure include/invsaga/testing/model.hpp 'std::random_device d;' \
  '#include <invsaga/testing/component.hpp>'
broken_by components include/invsaga/testing/model.hpp '#include <gtest/gtest.h>'
broken_by components backends/memory/include/invsaga/memory.hpp '#include <invsaga/stock.hpp>'
broken_by components include/invsaga/history/a.hpp '#include <vector>'
for line in 'std::unordered_map<RunId, int> runs_;' 'absl::flat_hash_map<std::string, int> a;' \
  'std::unordered_set<std::string_view> texts;' 'std::unordered_map<RequestKey, int> a;' \
  'absl::flat_hash_set<RowName> names;' 'return std::hash<std::string>{}(text);' \
  'absl::Hash<std::string_view>{}(text)'; do
  broken_by keyed_tables src/reference/a.cpp "$line"
  broken_by keyed_tables backends/memory/src/a.cpp "$line"
  broken_by keyed_tables tools/a.cpp "$line"
  broken_by none tests/a_test.cpp "$line"
done
broken_by none src/stock.cpp 'std::unordered_map<RunId, int, IdHash> runs_;'
broken_by none include/invsaga/hash.hpp 'struct std::hash<invsaga::Row> : invsaga::TableHash {};'
broken_by none src/stock.cpp 'std::unordered_map<std::uint64_t, RunId> by_serial_;'
broken_by none include/invsaga/environment.hpp 'auto t = std::chrono::steady_clock::now();'
broken_by headers tools/a.hpp 'using namespace std;'
broken_by none tools/a.hpp 'using namespace std::chrono_literals;'
broken_by headers tools/a.cpp '#include "../src/a.hpp"'
plant_good_tree
put include/invsaga/invsaga.hpp '#include <invsaga/stock.hpp>'
expect none 'a table of contents that names all'
put include/invsaga/invsaga.hpp '#include <vector>'
expect contents 'a table of contents that lacks a header'
plant_good_tree
for header in result operation reservation saga saga_runner; do
  put "include/invsaga/$header.hpp"
done
expect none 'a short way from the README to a backend'
yes 'word' | head -n 1200 > "$tree/README.md"
expect reading_path 'a README that is too long'
broken_by sentences include/invsaga/a.hpp 'struct A {'
broken_by sentences include/invsaga/a.hpp 'template <class T>' 'concept A = true;'
broken_by sentences include/invsaga/a.hpp '/// A.' 'struct A {' '  Time' '      a;  ///< When.' '};'
broken_by none include/invsaga/a.hpp '/// A.' 'template <class T>' '  requires true' 'class A {'
broken_by none include/invsaga/a.hpp 'struct A;' 'template <>' 'struct B<int> {'
broken_by none include/invsaga/detail/a.hpp 'struct A {'
long_line=$(printf 'x%.0s' {1..101})
broken_by loops tests/a_test.cpp '  for (const Event& event : pending(box, 9).value()) {'
broken_by none tests/a_test.cpp '  for (const Event& event : waiting.value()) {'
broken_by columns src/a.cpp "$long_line"
broken_by none src/a.cpp "${long_line:1}"
broken_by none src/a.cpp "R\"($long_line)\""
broken_by columns cmake/a.cmake "# $long_line"
broken_by libraries_used benchmarks/stock.cpp
broken_by libraries_used tests/stock_test.cpp

plant_good_tree && echo 'int x;' > "$tree/src/a.cpp" && expect own_rights 'no first line'
plant_good_tree && echo 'x' > "$tree/scripts/a.sh" && expect own_rights 'a script without'
plant_good_tree && rm "$tree/LICENSE" && expect folders 'no LICENSE'
plant_good_tree && rm -r "$tree/fuzz" && put fuzz.cpp && expect folderslibraries_used 'no fuzz/'
plant_good_tree && mkdir -p "$tree/backends/redis" && expect folders 'a backend unlike the others'
plant_good_tree && put tools/a.hpp && sed -i 2d "$tree/tools/a.hpp" && expect headers 'no pragma'

requires() {  # requires STATUS WORDS WHAT: requires.py ends so and says that of the tree as it is
  local status=0 said
  said=$("${check%/*}/requires.py" "$tree" 2>&1) || status=$?
  if [[ $status != "$1" || $said != *"$2"* ]]; then
    printf 'FAILED %s: %s\n%s\n' "$3" "$status" "$said"
    failures=$((failures + 1))
  fi
}
plant_required() {
  plant_good_tree
  put include/invsaga/stock.hpp '/// One. Requires' '/// `n` > 0.' 'inline int one(int n) {' \
    '  INVSAGA_ASSERT(n > 0, "one: n > 0");' '}' 'class Rows {' ' public:' \
    '  /// Requires a row.' '  void add();' '};'
  put src/stock.cpp 'void Rows::add() {' '  INVSAGA_ASSERT(f(")"),' \
    '                 "Rows::add: a "' '                 "row");' '}'
}
plant_required && requires 0 'stock.hpp:10 Rows::add -> src/stock.cpp:3' 'each is held'
plant_required && put src/stock.cpp && requires 1 'Rows::add: a row' 'an assertion was deleted'
plant_required && sed -i 's|  INVSAGA_ASSERT(f|  // INVSAGA_ASSERT(f|' "$tree/src/stock.cpp" &&
  requires 1 'Rows::add: a row' 'an assertion in a comment'
plant_required && sed -i 's/> 0\.$/> 1./' "$tree/include/invsaga/stock.hpp" &&
  requires 1 'one: n > 1' 'other words than the assertion'
plant_required && sed -i 's/Requires a row/A row/' "$tree/include/invsaga/stock.hpp" &&
  requires 1 'Rows::add: a row' 'held, and stated nowhere'
plant_required && put src/memory.hpp '/// Requires more.' 'void more();' &&
  requires 1 'more: more' 'nobody ever looked'
plant_good_tree && requires 1 'nothing is required' 'a tree that states nothing'

((failures == 0)) || exit 1
echo 'each break was found'
