// The module ftok._ftok. python/ftok/__init__.py gives it its public face.
#include "python/binding.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/shown.h"
#include "text/unicode.h"

namespace ftok::python {

TextArgument::TextArgument(nb::handle object) {
  PyObject* p = object.ptr();
  if (PyUnicode_Check(p)) {
    Py_ssize_t size = 0;
    const char* text = PyUnicode_AsUTF8AndSize(p, &size);
    if (text == nullptr) {
      PyErr_Clear();
      kept_ = object.attr("encode")("utf-16", "surrogatepass").attr("decode")("utf-16", "replace");
      text = PyUnicode_AsUTF8AndSize(kept_.ptr(), &size);
      if (text == nullptr) throw nb::python_error();
    }
    view_ = {text, static_cast<size_t>(size)};
  } else if (PyBytes_Check(p)) {
    view_ = {PyBytes_AS_STRING(p), static_cast<size_t>(PyBytes_GET_SIZE(p))};
  } else {
    throw nb::type_error("expected str or bytes");
  }
}

nb::list list_of(const std::vector<uint32_t>& ids) {
  PyObject* list = PyList_New(static_cast<Py_ssize_t>(ids.size()));
  if (list == nullptr) throw nb::python_error();
  for (size_t i = 0; i < ids.size(); ++i)
    PyList_SET_ITEM(list, static_cast<Py_ssize_t>(i), PyLong_FromUnsignedLong(ids[i]));
  return nb::steal<nb::list>(list);
}

std::vector<uint32_t> ids_of(nb::handle sequence) {
  nb::ndarray<const uint32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu> array;
  std::vector<uint32_t> ids;
  if (nb::try_cast(sequence, array, false)) {
    ids.assign(array.data(), array.data() + array.size());
    return ids;
  }
  PyObject* fast = PySequence_Fast(sequence.ptr(), "expected a sequence of ids");
  if (fast == nullptr) throw nb::python_error();
  const nb::object kept = nb::steal(fast);
  const Py_ssize_t size = PySequence_Fast_GET_SIZE(fast);
  PyObject** items = PySequence_Fast_ITEMS(fast);
  ids.reserve(static_cast<size_t>(size));
  for (Py_ssize_t i = 0; i < size; ++i) {
    const nb::object number = nb::steal(PyNumber_Index(items[i]));
    if (!number.is_valid()) throw nb::python_error();
    const unsigned long id = PyLong_AsUnsignedLong(number.ptr());
    if ((id == static_cast<unsigned long>(-1) && PyErr_Occurred() != nullptr) || id > UINT32_MAX) {
      PyErr_Clear();
      throw nb::index_error(fmt::format("at place {}: no token id", i).c_str());
    }
    ids.push_back(static_cast<uint32_t>(id));
  }
  return ids;
}

}  // namespace ftok::python

NB_MODULE(_ftok, module) {
  namespace nb = nanobind;
  module.doc() = "ftok: byte-pair encoding, its training, and the main text of pages";
  module.attr("__version__") = FTOK_VERSION;
  module.attr("unicode_version") = nb::str(ftok::kUnicodeVersion);
  nb::register_exception_translator([](const std::exception_ptr& pointer, void*) {
    try {
      std::rethrow_exception(pointer);
    } catch (const ftok::Error& error) {
      PyErr_SetString(PyExc_ValueError, ftok::hide_secrets(error.what()).c_str());
    }
  });
  nb::set_leak_warnings(false);  // get_encoding() keeps encodings to the end of the process
  ftok::python::start_arrays();
  ftok::python::add_encoding(module);
  ftok::python::add_training(module);
  ftok::python::add_extract(module);
  ftok::python::add_parse(module);
}
