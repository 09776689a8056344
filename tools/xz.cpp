// SPDX-License-Identifier: Apache-2.0
#include "xz.hpp"

#include <lzma.h>

namespace invsaga::tools {

bool looks_like_xz(std::string_view bytes) noexcept {
  return bytes.starts_with(
      std::string_view{"\xFD"
                       "7zXZ\0",
                       xz_magic_bytes});
}

struct XzDecoder::Stream {
  lzma_stream lzma = LZMA_STREAM_INIT;
};

void XzDecoder::End::operator()(Stream* stream) const noexcept {
  lzma_end(&stream->lzma);
  delete stream;
}

XzDecoder::XzDecoder(std::uint64_t memory_limit)
    : stream_(new Stream), memory_limit_(memory_limit) {
  note(lzma_stream_decoder(&stream_->lzma, memory_limit,
                           LZMA_CONCATENATED | LZMA_TELL_UNSUPPORTED_CHECK));
}

XzDecoder::Progress XzDecoder::decode(std::span<const char> in, std::span<char> out,
                                      bool in_is_last) {
  if (finished_ || !fault_.empty()) return {};
  lzma_stream& lzma = stream_->lzma;
  lzma.next_in = reinterpret_cast<const std::uint8_t*>(in.data());
  lzma.avail_in = in.size();
  lzma.next_out = reinterpret_cast<std::uint8_t*>(out.data());
  lzma.avail_out = out.size();
  note(lzma_code(&lzma, in_is_last ? LZMA_FINISH : LZMA_RUN));
  return {in.size() - lzma.avail_in, out.size() - lzma.avail_out};
}

void XzDecoder::note(int code) {
  switch (code) {
    case LZMA_OK:
      return;
    case LZMA_STREAM_END:
      finished_ = true;
      return;
    case LZMA_BUF_ERROR:
      fault_ = "damaged xz: it is cut off";
      return;
    case LZMA_MEM_ERROR:
      fault_ = "xz: no memory to unpack it";
      return;
    case LZMA_UNSUPPORTED_CHECK:
      fault_ = "xz: its kind of integrity check is not known";
      return;
    case LZMA_OPTIONS_ERROR:
      fault_ = "damaged xz, or of a kind that is not known";
      return;
    case LZMA_MEMLIMIT_ERROR:
      fault_ = "xz: unpacking it takes more than " + std::to_string(memory_limit_ >> 20U) +
               " MiB of memory";
      return;
    default:
      fault_ = "damaged xz";
      return;
  }
}

}  // namespace invsaga::tools
