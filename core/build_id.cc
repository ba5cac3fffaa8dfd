#include "core/build_id.h"

#include <elf.h>
#include <link.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "core/hex.h"

namespace ftok {
namespace {

constexpr std::string_view kOwner("GNU", 4);  // with its end

size_t padded(size_t size) { return (size + 3) & ~size_t{3}; }

// The ID in a segment of notes: each a header, its owner, its content.
std::string id_in(std::string_view notes) {
  while (notes.size() >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) note;
    std::memcpy(&note, notes.data(), sizeof note);
    notes.remove_prefix(sizeof note);
    const size_t owner = padded(note.n_namesz), content = padded(note.n_descsz);
    if (notes.size() < owner || notes.size() - owner < note.n_descsz) break;
    const bool is_id = note.n_type == NT_GNU_BUILD_ID && notes.substr(0, note.n_namesz) == kOwner;
    if (is_id) return to_hex(notes.substr(owner, note.n_descsz));
    notes.remove_prefix(std::min(notes.size(), owner + content));
  }
  return "";
}

int look_at(dl_phdr_info* program, size_t, void* found) {
  for (int i = 0; i < program->dlpi_phnum; ++i) {
    const ElfW(Phdr)& segment = program->dlpi_phdr[i];
    if (segment.p_type != PT_NOTE) continue;
    const std::string id =
        id_in({reinterpret_cast<const char*>(program->dlpi_addr + segment.p_vaddr), segment.p_memsz});
    if (id.empty()) continue;
    *static_cast<std::string*>(found) = id;
    break;
  }
  return 1;  // the first is the program itself, the others are its libraries
}

}  // namespace

std::string build_id() {
  std::string id;
  dl_iterate_phdr(look_at, &id);
  return id;
}

}  // namespace ftok
