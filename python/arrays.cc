// numpy arrays of ids, by numpy's own C interface: nanobind's way through DLPack costs three times as much for a short
// one.
#include <cstring>

#include "python/binding.h"

#define NPY_NO_DEPRECATED_API NPY_1_7_API_VERSION
#include <numpy/arrayobject.h>

namespace ftok::python {
namespace {

template <typename T>
nb::object array_of_vector(std::vector<T> values, int type) {
  auto owned = std::make_unique<std::vector<T>>(std::move(values));
  npy_intp size = static_cast<npy_intp>(owned->size());
  PyObject* array = PyArray_SimpleNewFromData(1, &size, type, owned->data());
  if (array == nullptr) throw nb::python_error();
  const nb::object kept = nb::steal(array);
  nb::capsule owner(owned.release(), [](void* p) noexcept { delete static_cast<std::vector<T>*>(p); });
  if (PyArray_SetBaseObject(reinterpret_cast<PyArrayObject*>(array), owner.release().ptr()) != 0)
    throw nb::python_error();
  return kept;
}

void* import_numpy() {
  import_array1(nullptr);
  return nullptr;
}

}  // namespace

void start_arrays() {
  import_numpy();
  if (PyErr_Occurred() != nullptr) throw nb::python_error();
}

nb::object array_of(std::vector<uint32_t> ids) { return array_of_vector(std::move(ids), NPY_UINT32); }
nb::object array_of(std::vector<uint64_t> offsets) { return array_of_vector(std::move(offsets), NPY_UINT64); }

nb::object short_array_of(const std::vector<uint32_t>& ids) {
  npy_intp size = static_cast<npy_intp>(ids.size());
  PyObject* array = PyArray_SimpleNew(1, &size, NPY_UINT32);
  if (array == nullptr) throw nb::python_error();
  if (size > 0)
    std::memcpy(PyArray_DATA(reinterpret_cast<PyArrayObject*>(array)), ids.data(), ids.size() * sizeof(uint32_t));
  return nb::steal(array);
}

}  // namespace ftok::python
