#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# One way to use invsaga, named by the argument, tried as a user would: consumer.sh NAME. The
# environment says with what: CMAKE SOURCE BUILD (a built tree) WORK CXX CXXFLAGS LIBDIR.
set -euo pipefail
readonly expected=$SOURCE/examples/consumer/main.expected
prefix=$WORK/moved
here=$SOURCE/tests/consumer
export CXX CXXFLAGS

fail() {
  printf '%s\n' "$@" "what to do: mend what the package in $prefix lacks; \
again: ctest --preset release-tests -R consumer.$name" >&2
  exit 1
}

# configure PROJECT_DIR ARGUMENT...: into a new folder, whose name is printed last
configure() {
  local project=$1
  shift
  rm -rf "$WORK/$name"
  "$CMAKE" -S "$project" -B "$WORK/$name" -G Ninja -DCMAKE_PREFIX_PATH="$prefix" \
    -DCMAKE_EXPORT_COMPILE_COMMANDS=ON "$@"
}

# build_and_run PROGRAM REGEX: what was configured has to build, and the program to say this
build_and_run() {
  "$CMAKE" --build "$WORK/$name"
  says "$2" "$WORK/$name/$1"
}

# build_and_compare PROGRAM: what was configured has to build, and to print what the README shows
build_and_compare() {
  "$CMAKE" --build "$WORK/$name"
  "$WORK/$name/$1" | diff "$expected" -
}

says() {  # says REGEX PROGRAM
  local said
  said=$("$2")
  grep -qE -- "$1" <<< "$said" || fail "$2 said: $said"
}

# refused TEXT PROJECT_DIR ARGUMENT...: the project does not configure, and says TEXT
refused() {
  local text=$1 said
  shift
  said=$(configure "$@" 2>&1) && fail "was configured, and must not be:" "$said"
  # The text may be broken into lines.
  grep -qF -- "$text" <<< "$(tr -s ' \n' ' ' <<< "$said")" || fail "did not say '$text':" "$said"
  echo "refused, as it has to be: $text"
}

install() {
  rm -rf "$WORK"
  "$CMAKE" --install "$BUILD" --prefix "$WORK/first"
  mv "$WORK/first" "$prefix"
  ! grep -rlE "$WORK|$SOURCE" "$prefix/$LIBDIR/cmake" "$prefix/$LIBDIR/pkgconfig" ||
    fail 'the files above name folders of the build'
}

find_package() {
  configure "$SOURCE/examples/consumer"
  build_and_compare consumer
}

# The component for histories comes by its own name, and with nobody who does not ask for it.
history_component() {
  configure "$here/history_component"
  build_and_run history_component '^1 violations$'
  PKG_CONFIG_PATH=$prefix/$LIBDIR/pkgconfig pkg-config --libs invsaga-history |
    grep -q -- -linvsaga_history || fail 'its flags do not name the library'
  ! PKG_CONFIG_PATH=$prefix/$LIBDIR/pkgconfig pkg-config --libs --static invsaga-memory |
    grep -q invsaga_history || fail 'who asks for memory alone links it'
}

testing_component() {
  configure "$here/testing_component"
  build_and_run testing_component 'PASSED.* [0-9]+ tests'
}

another_version() {
  refused 'compatible with requested version "0.0"' "$here/another_version" -DWANTED=0.0
  refused 'compatible with requested version "0.99"' "$here/another_version" -DWANTED=0.99
  refused 'compatible with requested version "1.0"' "$here/another_version" -DWANTED=1.0
}

missing_component() {
  refused "component 'telepathy' cannot be had: it is not among the installed components" \
    "$here/missing_component" -DMISSING=telepathy
}

# A header is found without its component: who includes it and links only the core is told which.
unlinked_component() {
  local said
  configure "$here/unlinked_component" -DMAIN="$SOURCE/examples/consumer/main.cpp"
  said=$("$CMAKE" --build "$WORK/$name" 2>&1) && fail 'was built, and must not be'
  grep -qF 'of component invsaga::memory, not linked' <<< "$said" ||
    fail 'did not name the component:' "$said"
}

# A build without the testing kit says so to whoever asks for it.
component_left_out() {
  local build=$WORK/without_kit_build cut=$WORK/without_kit
  rm -rf "$build" "$cut"
  "$CMAKE" -S "$SOURCE" -B "$build" -G Ninja -DINVSAGA_INSTALL=ON -DINVSAGA_BUILD_TESTING_KIT=OFF \
    -DINVSAGA_BUILD_{TOOLS,EXAMPLES,TESTS,FUZZ,BENCHMARKS}=OFF
  cp -r "$prefix" "$cut"
  rm "$cut/$LIBDIR"/cmake/invsaga/invsaga-testing-*
  cp "$build/package/invsaga-config.cmake" "$cut/$LIBDIR/cmake/invsaga/"
  refused "component 'testing' cannot be had: this installation was built without it" \
    "$here/missing_component" -DMISSING=testing -DCMAKE_PREFIX_PATH="$cut"
}

# A component whose own needs are not met takes nothing else with it: the core goes on.
missing_dependency() {
  refused "component 'testing' cannot be had: it needs the package GTest, which was not found" \
    "$here/missing_component" -DMISSING=testing -DCMAKE_DISABLE_FIND_PACKAGE_GTest=ON
}

pkg_config() {
  local flags
  flags=$(PKG_CONFIG_PATH=$prefix/$LIBDIR/pkgconfig pkg-config --cflags --libs invsaga-memory)
  [[ $flags == *"$prefix"* ]] || fail "the flags do not follow the prefix: $flags"
  mkdir -p "$WORK/$name"
  # shellcheck disable=SC2086  # flags are words
  $CXX -std=c++20 $CXXFLAGS "$SOURCE/examples/consumer/main.cpp" -o "$WORK/$name/program" $flags
  LD_LIBRARY_PATH=$prefix/$LIBDIR "$WORK/$name/program" | diff "$expected" -
}

# What stands in the flags of who takes the sources in is theirs alone.
no_flags_of_ours() {
  local commands=$WORK/$name/compile_commands.json
  ! grep -E -- '-Werror|-Wall|-Wextra|-fsanitize|-D_GLIBCXX' "$commands" ||
    fail 'invsaga put flags of its own into the build'
}

add_subdirectory() {
  CXXFLAGS='' configure "$here/subproject" -DINVSAGA_SOURCE="$SOURCE"
  no_flags_of_ours
  build_and_compare subproject
}

fetch_content() {
  CXXFLAGS='' configure "$here/subproject" -DINVSAGA_SOURCE="$SOURCE" -DFETCH=ON
  no_flags_of_ours
}

name=$1
"$name"
