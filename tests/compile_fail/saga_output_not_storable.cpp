// SPDX-License-Identifier: Apache-2.0
//
// expect: a step's output must survive a crash: name its schema
#include "saga_parts.hpp"

using namespace invsaga;

struct Parcel {
  std::int64_t number = 0;
};
#ifdef MENDED
template <>
struct invsaga::Stored<Parcel> {
  static constexpr std::string_view schema = "parcel.v1";
  static void encode(const Parcel& parcel, ByteWriter& writer) { writer.i64(parcel.number); }
  static result<Parcel> decode(ByteReader& reader) {
    const Parcel parcel{reader.i64()};
    if (!reader.ok()) return Error{Errc::corrupt};
    return parcel;
  }
};
#endif
result<Parcel> pack(const Order& order);
constexpr auto step = retriable<"pack">(pack, limits);
