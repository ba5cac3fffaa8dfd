// What the files of the Python module share: text arguments, lists and numpy arrays of ids, errors.
//
// The interpreter's lock is released where work is done on bytes that Python keeps alive meanwhile; nothing of Python
// is touched then. Every function is deterministic.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace ftok {
class Encoding;
}

namespace ftok::python {

namespace nb = nanobind;

// A str or bytes argument as UTF-8. A str with lone surrogates is repaired as tiktoken does it: pairs join, the rest
// become U+FFFD. Views the Python object, which must live as long.
class TextArgument {
 public:
  explicit TextArgument(nb::handle object);
  std::string_view view() const { return view_; }

 private:
  nb::object kept_;  // the repaired bytes
  std::string_view view_;
};

nb::list list_of(const std::vector<uint32_t>& ids);

// Hands the vector's memory over to a numpy array; nothing is copied.
nb::object array_of(std::vector<uint32_t> ids);
nb::object array_of(std::vector<uint64_t> offsets);
// A copy: for few ids that is cheaper than an owner.
nb::object short_array_of(const std::vector<uint32_t>& ids);
void start_arrays();  // once, while the module is loaded

// A list, tuple, numpy array or any sequence of ids. Throws IndexError for what is not an id.
std::vector<uint32_t> ids_of(nb::handle sequence);

void add_encoding(nb::module_& module);
void add_encoding_files(nb::class_<Encoding>& type);
void add_training(nb::module_& module);
void add_extract(nb::module_& module);
void add_parse(nb::module_& module);

}  // namespace ftok::python
