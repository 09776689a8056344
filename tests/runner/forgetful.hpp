// SPDX-License-Identifier: Apache-2.0
//
// An executor that has no memory for timers while a test says so.
#pragma once

#include <atomic>
#include <new>

#include "invsaga/environment.hpp"

namespace invsaga::runner_tests {

class Forgetful final : public Executor {
 public:
  explicit Forgetful(Executor& inner) : inner_(inner) {}
  void post(Task task) override { inner_.post(task); }
  void post_at(Time time, Task task) override {
    if (refuses) throw std::bad_alloc();
    inner_.post_at(time, task);
  }
  void drop(const void* context) noexcept override { inner_.drop(context); }
  std::atomic<bool> refuses{false};

 private:
  Executor& inner_;
};

}  // namespace invsaga::runner_tests
