// SPDX-License-Identifier: Apache-2.0
//
// Suites that are compiled here, once, and bound to what is under test in other programs:
//
//     class MySuite : public MyFixture { using MyFixture::MyFixture; ... };
//     INVSAGA_SUITE(MySuite)
//     INVSAGA_SUITE_TEST(MySuite, KeepsThis) { ... }
//
// A fixture names what makes the thing under test `Make`, and is made with one. A suite and all its
// tests stand in one file: whoever binds the suite then has all of them linked.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include <invsaga/version.hpp>

namespace invsaga {
inline namespace v0 {
namespace testing {

/// The tests of a suite and what it is bound to. Both are added while static objects are made, in
/// whatever order the linker chose; every test meets every binding.
template <class Fixture>
class Suite {
 public:
  using Make = typename Fixture::Make;
  using NewTest = Fixture* (*)(Make);

  explicit Suite(const char* name) : name_(name) {}

  bool add(const char* test, const char* file, int line, NewTest make) {
    tests_.push_back({test, file, line, make});
    for (const Binding& binding : bindings_) enter(tests_.back(), binding);
    return true;
  }
  template <class Makers>
  void bind(std::string_view name, const Makers& makers) {
    std::size_t index = 0;
    for (const Make make : makers) {
      // As GoogleTest names typed tests.
      bindings_.push_back({std::string(name) + "/" + name_ + "/" + std::to_string(index++), make});
      for (const Test& test : tests_) enter(test, bindings_.back());
    }
  }

 private:
  struct Test {
    const char* name;
    const char* file;
    int line;
    NewTest make;
  };
  struct Binding {
    std::string suite;
    Make make;
  };

  static void enter(const Test& test, const Binding& binding) {
    ::testing::RegisterTest(binding.suite.c_str(), test.name, nullptr, nullptr, test.file,
                            test.line,
                            [make = test.make, with = binding.make] { return make(with); });
  }

  const char* name_;
  std::vector<Test> tests_;
  std::vector<Binding> bindings_;
};

}  // namespace testing
}  // namespace v0
}  // namespace invsaga

// The one object of a suite, made when it is first asked for.
#define INVSAGA_SUITE(Fixture)                 \
  Suite<Fixture>& suite_of_##Fixture() {       \
    static Suite<Fixture> the_suite(#Fixture); \
    return the_suite;                          \
  }

#define INVSAGA_SUITE_TEST(Fixture, Name)                                         \
  class Fixture##_##Name final : public Fixture {                                 \
   public:                                                                        \
    using Fixture::Fixture;                                                       \
                                                                                  \
   private:                                                                       \
    void TestBody() override;                                                     \
    static const bool is_added;                                                   \
  };                                                                              \
  const bool Fixture##_##Name::is_added = suite_of_##Fixture().add(               \
      #Name, __FILE__, __LINE__,                                                  \
      [](Fixture::Make make) -> Fixture* { return new Fixture##_##Name(make); }); \
  void Fixture##_##Name::TestBody()
