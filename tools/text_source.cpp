// SPDX-License-Identifier: Apache-2.0
#include "text_source.hpp"

#include <algorithm>
#include <cerrno>
#include <system_error>
#include <utility>

namespace invsaga::tools {
namespace {

constexpr std::size_t piece_bytes = std::size_t{16} << 10U;

std::string cannot(const char* what, int error) {
  return std::string{"cannot be "} + what + ": " + std::generic_category().message(error);
}

}  // namespace

void ByteSource::Close::operator()(std::FILE* file) const noexcept {
  if (file != stdin) std::fclose(file);
}

ByteSource ByteSource::file(const std::string& path) {
  ByteSource source;
  source.file_.reset(path == "-" ? stdin : std::fopen(path.c_str(), "rb"));
  if (source.file_ == nullptr) source.fault_ = cannot("opened", errno);
  return source;
}

ByteSource ByteSource::memory(std::string_view bytes) {
  ByteSource source;
  source.bytes_ = bytes;
  return source;
}

std::size_t ByteSource::read(std::span<char> out) {
  if (!fault_.empty()) return 0;
  if (file_ == nullptr) {
    const std::size_t bytes = bytes_.copy(out.data(), out.size());
    bytes_.remove_prefix(bytes);
    return bytes;
  }
  const std::size_t bytes = std::fread(out.data(), 1, out.size(), file_.get());
  if (bytes < out.size() && std::ferror(file_.get()) != 0) fault_ = cannot("read", errno);
  return bytes;
}

TextSource::TextSource(ByteSource source, TextLimits limits)
    : source_(std::move(source)), limits_(limits), piece_(piece_bytes) {
  refill();
  if (looks_like_xz({unread_.data(), unread_.size()})) xz_.emplace(limits_.xz_memory);
}

std::size_t TextSource::read(std::span<char> out) {
  if (!fault_.empty()) return 0;
  const std::size_t bytes = xz_ ? read_xz(*xz_, out) : read_plain(out);
  text_bytes_ += bytes;
  if (fault_.empty() && text_bytes_ > limits_.text_bytes) {
    fault_ = "holds more than " + std::to_string(limits_.text_bytes) + " bytes of text";
  }
  return bytes;
}

void TextSource::refill() {
  const std::size_t bytes = source_.read(piece_);
  unread_ = std::span<const char>{piece_}.first(bytes);
  source_ended_ = bytes < piece_.size();
  fault_ = source_.fault();
}

std::size_t TextSource::read_plain(std::span<char> out) {
  std::size_t done = 0;
  while (done < out.size() && fault_.empty()) {
    if (unread_.empty() && !source_ended_) refill();
    if (unread_.empty()) break;
    const std::size_t bytes = std::min(unread_.size(), out.size() - done);
    std::copy_n(unread_.begin(), bytes, out.begin() + static_cast<std::ptrdiff_t>(done));
    unread_ = unread_.subspan(bytes);
    done += bytes;
  }
  return done;
}

std::size_t TextSource::read_xz(XzDecoder& xz, std::span<char> out) {
  std::size_t done = 0;
  while (done < out.size() && !xz.finished() && fault_.empty()) {
    if (unread_.empty() && !source_ended_) refill();
    if (!fault_.empty()) break;
    const auto [consumed, produced] = xz.decode(unread_, out.subspan(done), source_ended_);
    unread_ = unread_.subspan(consumed);
    done += produced;
    fault_ = xz.fault();
  }
  return done;
}

}  // namespace invsaga::tools
