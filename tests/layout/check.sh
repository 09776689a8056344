#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
#
# What of the architecture can be read off the sources: `check.sh ROOT [RULE...]`, all rules if
# none is named. Prints each place that breaks a rule with what to do instead; exit status 1 if
# there is one.
set -u
shopt -s lastpipe  # so that the end of a pipe can note what is broken
export LC_ALL=C.UTF-8

readonly all_rules=(folders folders_point_down one_word contents reading_path include_direction
                    public_includes core_is_pure keyed_tables own_rights columns headers components
                    sentences loops libraries_used)
broken=0

# complain RULE TEXT: reads places (one a line) and reports them, if any.
complain() {
  local rule=$1 text=$2 places
  places=$(cat)
  [[ -z $places ]] && return 0
  broken=1
  printf '%s: %s\n' "$rule" "$text"
  sed 's/^/  /' <<< "$places"
}

# files FOLDER... -- PATTERN...: the files below the folders (those that exist) with such a name.
files() {
  local folders=() names=()
  while [[ $1 != -- ]]; do
    [[ -e $1 ]] && folders+=("$1")
    shift
  done
  shift
  for name in "$@"; do names+=(-o -name "$name"); done
  ((${#folders[@]})) || return 0
  find "${folders[@]}" -type f \( "${names[@]:1}" \) | sort
}

core_files() { files include src -- '*.hpp' '*.cpp' | grep -v '/testing/'; }
testing_files() { files include/invsaga/testing src/testing -- '*.hpp' '*.cpp'; }
backend_files() { files backends -- '*.hpp' '*.cpp' | grep -v '/tests/'; }
our_files() {
  files include src backends tools examples tests benchmarks fuzz -- '*.hpp' '*.cpp'
}
build_files() {
  files cmake src backends tools examples tests benchmarks fuzz scripts .ci \
    -- CMakeLists.txt '*.cmake' '*.sh' run
  echo CMakeLists.txt
}

# search REGEX: in the files named on stdin, comments left out, the lines that match.
search() {
  REGEX=$1 xargs -r perl -ne 's@//.*@@; print "$ARGV:$.:$_" if /$ENV{REGEX}/; close ARGV if eof'
}

# first_lines_without REGEX: of the files named on stdin, those whose first line (after a #! line)
# does not match.
first_lines_without() {
  REGEX=$1 xargs -r perl -ne '
    next if $. == 1 && /^#!/;
    print "$ARGV\n" unless $seen{$ARGV}++ || /$ENV{REGEX}/;
    close ARGV if eof'
}

rule_folders() {
  local path
  for path in CMakeLists.txt CMakePresets.json LICENSE README.md include/invsaga src \
    backends/memory tools examples tests benchmarks fuzz docs scripts; do
    [[ -e $path ]] || echo "$path"
  done | complain folders 'these have to be in the project'
  [[ ! -d backends ]] || find backends -mindepth 1 -maxdepth 1 -type d | while IFS= read -r path; do
    [[ -f $path/CMakeLists.txt && -d $path/include && -f $path/README.md ]] || echo "$path"
  done | complain folders 'backends are alike: include/ src/ tests/ README.md CMakeLists.txt'
}

# The floors of the house, the lowest first; folders of one floor do not know each other.
readonly floors='ground text stock,request event run saga,backend,reference runner history
check,story'
# Where the public headers live whose folder their path does not tell; * stands for anything.
readonly homes='ground:assert|detail/(aggregate_fields|armed_times|guarded|loop_bound|stored_values)
ground:bytes|capabilities|completion
ground:environment|error|ids|keyed_hash|result|retry|rng|storable|stored|thrown|time|version
text:fmt|id_text|text
stock:catalog|hash|operation|owned|reservation|stock
request:idempotency|redelivery|request_id
event:any_(bus|claims|outbox)|event|event_bus|inbox|outbox|relay
run:forgetting|prepared_write|run_outcome|run_record|saga_log|write
saga:definition|order_stage|reply
saga:run_(observer|state|status)|saga|saga_(machine|outputs)|detail/saga_.*
backend:any_backend|backend|forwarding|split
runner:await_run|completer|keeper|run_sync|saga_runner|start_on_event|detail/run.*
reference:reference/.*
check:history/checker
story:history/story
history:history/.*'

# Each include leads to the same folder or to one on a lower floor.
rule_folders_point_down() {
  { core_files; files include/invsaga/history src/history src/check src/story -- '*.?pp'; } |
    grep -v '^include/invsaga/invsaga.hpp$' | sort -u |
    FLOORS=$floors HOMES=$homes xargs -r perl -ne '
      BEGIN {
        my $number = 0;
        for my $floor (split " ", $ENV{FLOORS}) {
          $floor{$_} = $number for split ",", $floor;
          $number++;
        }
        push @homes, [split ":", $_, 2] for split "\n", $ENV{HOMES};
      }
      sub folder {
        my ($path) = @_;
        if ($path =~ s@^include/invsaga/@@) {
          $path =~ s/\.hpp$//;
          for my $home (@homes) { return $home->[0] if $path =~ m@^(?:$home->[1])$@ }
          return "?";
        }
        return $path =~ m@^src/(?:([^/]+)/)?[^/]+$@ ? $1 // "ground" : "?";
      }
      s@//.*@@;
      if (/#include [<"]([^>"]+)[>"]/) {
        my $target = $1;
        my ($here) = $ARGV =~ m@^(.*)/@;
        my $place = $target =~ m@^invsaga/@ ? "include/$target"
                  : -e "$here/$target" ? "$here/$target" : -e "src/$target" ? "src/$target" : "";
        if ($place) {
          my ($from, $to) = (folder($ARGV), folder($place));
          next if $to eq "?" && ! -e $place || $place =~ m@/testing/@;  # not ours, or not here
          print "$ARGV:$.: $from includes $target of $to\n"
            if $from eq "?" || $to eq "?" || $from ne $to && $floor{$to} >= $floor{$from};
        }
      }
      close ARGV if eof' |
    complain folders_point_down "includes lead down: ${floors//$'\n'/ } (homes: check.sh)"
}

# One word an idea: names that the code had before, and does not take up again.
readonly old_names='\b(Impl|impl_|SagaName|SagaKey|SagaFold|further_holds?|with_further_holds)\b
\b(saga_version|saga_hash|parked_step|parked_error|RecordKind::parked)\b
\bRunRecord::hold\b|\b(record|found|ours|intent)\.hold\b
\bEvent::saga\b|\bevent\.saga\b|\bline\.saga\b|\bnamespace judge\b
[.>]extend\([^(){}]*,[^(){}]*,|[.>]confirm\([^(){}]*,|[.>]acknowledge\(
(?<!template <)\b(struct|class) (Limits|Split|Desk|Rig|SyncRig|Crew|Trial|SearchWorld)\b
\bRunId (saga|invoice|order)\b|\bInstruction& action\b|\b(desk|rig|crew|trial)\b
\bFaultSite::confirm\b|\bInbox::extend\b|\brelease_claim\(std::span
#include [<"](invsaga/)?(retention|saga_types)\.hpp
#include [<"](.*/)?(ledger_impl|runner_impl|history_text|explain_facts)\.hpp
#include [<"].*(_rig|_crew|_desk|_trial|split_parts|search_world)\.hpp'

rule_one_word() {
  local pattern
  while IFS= read -r pattern; do
    our_files | search "$pattern"
  done <<< "$old_names" | complain one_word 'an old name: CONTRIBUTING.md has the word of each'
}

# The table of contents names each public header of the core.
rule_contents() {
  local contents=include/invsaga/invsaga.hpp
  [[ ! -f $contents ]] || files include/invsaga -- '*.hpp' |
    grep -E '^include/invsaga/[^/]+$' | grep -v "^$contents$" | while IFS= read -r header; do
    grep -qF "#include <${header#include/}>" "$contents" || echo "$header"
  done | complain contents "$contents does not name it"
}

# From the README to one backend: what the README asks of who reads in its order.
readonly first_reading='README.md include/invsaga/result.hpp include/invsaga/operation.hpp
include/invsaga/reservation.hpp include/invsaga/saga.hpp include/invsaga/saga_runner.hpp
backends/memory/include/invsaga/memory.hpp'
readonly longest_path=1200

rule_reading_path() {
  local files=() file lines
  read -rd '' -a files <<< "$first_reading" || :
  for file in "${files[@]}"; do [[ -f $file ]] || return 0; done
  lines=$(cat "${files[@]}" | wc -l)
  ((lines < longest_path)) || echo "$lines lines" |
    complain reading_path "the README promises fewer than $longest_path lines to read"
}

# backends -> include/invsaga, never the other way; what is for tests is used by tests.
rule_include_direction() {
  local backends
  backends=$(find backends/*/include -name '*.hpp' -printf '%P|' 2> /dev/null)
  core_files | search "#include [<\"](${backends}invsaga/testing/|backends/|tools/|tests/)" |
    complain include_direction 'the core includes no backend, no testing kit and no tool'
  testing_files | search "#include [<\"](${backends}backends/|tools/|tests/)" |
    complain include_direction 'the testing kit includes no backend and no tool'
  backend_files | search '#include [<"](invsaga/testing/|tools/|tests/|gtest/|gmock/)' |
    complain include_direction 'a backend includes neither the testing kit nor a tool'
}

# What a user compiles: the standard library, Boost.Outcome and ourselves.
rule_public_includes() {
  local ours='[<"]invsaga/|<boost/outcome/|<[a-z_0-9]+>'
  files include backends/*/include -- '*.hpp' | grep -v '/testing/' | search '#include' |
    grep -vE "#include ($ours)|^include/invsaga/fmt\.hpp:.*#include <fmt/format\.h>" |
    complain public_includes 'public headers include std, boost/outcome and invsaga, fmt.hpp fmt'
  files include backends/*/include -- '*.hpp' | grep -vE '/(testing|history)/' |
    search '#include <([io]|s|io)stream>|#include <iomanip>' |
    complain public_includes 'of streams a header of the core includes <iosfwd> only'
  files include/invsaga/testing -- '*.hpp' | search '#include' |
    grep -vE "#include ($ours|<gtest/|<gmock/)" |
    complain public_includes 'headers of the testing kit may add gtest and gmock only'
}

# The world enters through the environment (environment*.hpp/cpp) and nowhere else.
rule_core_is_pure() {
  local pure clocks chance threads world
  pure=$({ core_files; backend_files; } | grep -vE '/environment[^/]*$')
  clocks='_clock::now *\(|clock_gettime|gettimeofday'
  clocks+='|\b(std)?::time *\(|\btime *\((0|NULL|nullptr)\)'
  chance='random_device|\bs?rand *\(|<random>|getrandom|getentropy'
  threads='std::j?thread|this_thread|std::async|pthread_create|\b(u|nano)?sleep *\('
  world='<[io]?fstream>|<filesystem>|\bfopen *\(|<sys/|<netinet/|<unistd\.h>|<fcntl\.h>'
  world+='|\bsocket *\(|\bgetenv *\(|std::c(in|out|err|log)\b'
  search "$clocks" <<< "$pure" |
    complain core_is_pure 'no clock here: time is an argument; Clock of the environment reads it'
  search "$chance" <<< "$pure" | complain core_is_pure 'no chance here: use Rng of the environment'
  search "$threads" <<< "$pure" |
    complain core_is_pure 'no thread and no sleep here: use Executor of the environment'
  search "$world" <<< "$pure" |
    complain core_is_pure 'no file, socket, standard stream or getenv here: give it as an argument'
  testing_files | search "$clocks|$chance|this_thread" |
    complain core_is_pure 'the testing kit is deterministic: a manual clock, seeds, no sleep'
}

# Strangers choose ids and texts: a table of them has a keyed hash, which stands on its line.
rule_keyed_tables() {
  local table='\b(unordered|(flat|node)_hash)_(map|set)<'
  local key='(std::string(_view)?|\w*Id|\w*Key|RowName)\b'
  { core_files; backend_files; files tools src/check src/story -- '*.hpp' '*.cpp'; } |
    grep -v '^include/invsaga/hash\.hpp$' |
    search "$table *(const )?$key(?!.*Hash)|\bstd::hash\b|\babsl::Hash\b" |
    complain keyed_tables 'a table of ids or texts hashes by IdHash or TextHash (keyed_hash.hpp)'
}

rule_own_rights() {
  local right='SPDX-License-Identifier: Apache-2.0'
  our_files | first_lines_without "^// $right\$" |
    complain own_rights "the first line has to be \"// $right\""
  build_files | first_lines_without "^# $right\$" |
    complain own_rights "the first line (after #!) has to be \"# $right\""
}

rule_columns() {
  # A raw string may be longer: it cannot be broken.
  { our_files; build_files; } |
    xargs -r perl -CSD -lne 'print "$ARGV:$." if length > 100 && !/R"\(/; close ARGV if eof' |
    complain columns 'over 100 columns: clang-format-19 -i breaks code and comments'
}

# What is taken out of a temporary is gone when the loop begins, until C++23.
rule_loops() {
  our_files | search 'for \([^;]* : [^;]*\)\.(assume_)?value\(\)\) *\{?$' |
    complain loops 'a loop goes through what has a name: the result of a call ends before it begins'
}

rule_headers() {
  our_files | grep '\.hpp$' | while IFS= read -r file; do
    grep -qx '#pragma once' "$file" || echo "$file"
  done | complain headers 'a header holds "#pragma once"'
  our_files | grep '\.hpp$' | search '^ *using namespace (?!.*literals)' |
    complain headers 'a header opens no namespace (but of literals) to those who include it'
  our_files | search '#include "\.\.?/' | complain headers 'no include leads upwards or by "./"'
}

# Who includes a header of a component that is not linked is told so, by the header.
rule_components() {
  local file name component
  files include/invsaga/history include/invsaga/testing backends/*/include -- '*.hpp' |
    while IFS= read -r file; do
      name=${file#include/invsaga/} component=${name%%/*}/component
      [[ $file != backends/* ]] || name=${file#backends/} component=${name%%/*}_component
      [[ $file == */"$component.hpp" ]] || grep -qx "#include <invsaga/$component.hpp>" "$file" ||
        echo "$file: $component.hpp"
    done | complain components 'a header of a component includes what names the component'
}

# A sentence is a `///` line above a declaration, or `///<` on its line. Asked of the types and
# concepts of public headers; not of detail/, of specialisations, and of the archetypes and the
# single suites of the testing kit, whose names say what they lack or promise.
rule_sentences() {
  files include backends/*/include -- '*.hpp' |
    grep -vE '/detail/|archetypes\.hpp$|/store_conformance/' | xargs -r perl -ne '
      $type = /^(?:struct|class|enum(?: class)?|concept) (\w+)\b(?!<)(?!;)(?!::)/ ? $1 : "";
      print "$ARGV:$.: $type\n" if $type && !$told && !m@///<@;
      $told = m@^///@ || $told && /^template|^ /;
      close ARGV, $told = 0 if eof' |
    complain sentences 'a public type or concept has a sentence (///)'
  files include backends/*/include -- '*.hpp' | xargs -r perl -ne '
      print "$ARGV:$.: $1\n" if $alone && m@^\s+(\w+) *(?:=.*|\{.*\})?; *///<@;
      $alone = /^\s+[\w:]+(?:<[^;(){}]*>)?$/;
      close ARGV, $alone = 0 if eof' |
    complain sentences 'the type of a field stands alone on a line: put the comment above it'
}

# The libraries that the project is to be built on are really what it is built on.
rule_libraries_used() {
  local place
  while read -r header places; do
    read -ra place <<< "$places"
    files "${place[@]}" -- '*.hpp' '*.cpp' CMakeLists.txt CMakePresets.json |
      xargs -r grep -lE -e "$header" | grep -q . || echo "$header in $places"
  done <<'LIST' | complain libraries_used 'this is to be used there'
#include.<boost/outcome/ include
#include.<absl/ src backends tools
#include.<fmt/ src backends tools
#include.<gtest/ tests
#include.<benchmark/ benchmarks
LLVMFuzzerTestOneInput fuzz
LIST
}

main() {
  cd "$1" || exit 2
  shift
  local rules=("$@") rule
  ((${#rules[@]})) || rules=("${all_rules[@]}")
  for rule in "${rules[@]}"; do "rule_$rule"; done
  exit "$broken"
}

main "$@"
