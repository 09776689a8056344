// SPDX-License-Identifier: Apache-2.0
#include <invsaga/testing/on_threads.hpp>

#include <barrier>
#include <cstddef>
#include <thread>
#include <vector>

namespace invsaga {
inline namespace v0 {
namespace testing {

void on_threads(unsigned count, const std::function<void(unsigned)>& work) {
  std::barrier start(static_cast<std::ptrdiff_t>(count));
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < count; ++i) {
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      work(i);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

}  // namespace testing
}  // namespace v0
}  // namespace invsaga
