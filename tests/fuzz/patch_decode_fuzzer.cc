// Any bytes as snapshot and patches of the sample states: nothing may crash, and after an error the replica
// is as before. The first byte chooses the type, the second how the rest is divided.

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "shapes.actor.h"
#include "todo.actor.h"

namespace {

template <typename S>
std::string Snapshot(const S& value) {
  std::string bytes;
  onager::generated::Writer writer(bytes);
  onager::generated::StructOps<S>::Encode(writer, value, true);
  writer.Finish();
  return bytes;
}

template <typename S>
void Run(std::string_view snapshot, std::string_view first, std::string_view second) {
  using State = onager::generated::TrackedState<S>;
  onager::generated::Replica<S> replica;
  (void)replica.LoadSnapshot(snapshot);
  for (const std::string_view patch : {first, second}) {
    const std::string before = Snapshot(replica.state());
    if (!replica.ApplyPatch(patch).ok() && Snapshot(replica.state()) != before) std::abort();
  }
  (void)static_cast<bool>(replica.change());

  // What was accepted can be encoded, loaded and composed.
  const std::string encoded = Snapshot(replica.state());
  State state;
  if (!state.LoadSnapshot(encoded).ok()) std::abort();
  std::string again;
  state.EncodeSnapshot(again);
  if (again != encoded) std::abort();
  const auto composed = State::Codec().compose({first, second});
  if (composed.ok()) (void)state.ApplyPatch(*composed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 2, size - 2);
  const std::size_t third = bytes.size() * (data[1] & 15) / 16;
  const std::size_t rest = (bytes.size() - third) * (data[1] >> 4) / 16;
  const std::string_view snapshot = bytes.substr(0, third);
  const std::string_view first = bytes.substr(third, rest);
  const std::string_view second = bytes.substr(third + rest);
  if (data[0] % 2 == 0) {
    Run<todo::v1::TodoListState>(snapshot, first, second);
  } else {
    Run<shapes::v1::ShapesState>(snapshot, first, second);
  }
  return 0;
}
