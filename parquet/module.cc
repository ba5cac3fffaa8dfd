// What libftok_arrow.so gives: the one symbol that the program looks for.
#include <arrow/config.h>

#include "parquet/parquet_reader.h"
#include "parquet/parquet_writer.h"

extern "C" __attribute__((visibility("default"))) const ftok::ArrowModule* ftok_arrow_module() {
  static const ftok::ArrowModule module{ftok::ArrowModule::kVersion, arrow::GetBuildInfo().version_string.c_str(),
                                        ftok::open_parquet_file, ftok::create_parquet_file};
  return &module;
}
