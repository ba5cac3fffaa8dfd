// What libftok_arrow.so gives: the one symbol that the program looks for.
#include <arrow/config.h>

#include "parquet/answer_stream.h"
#include "parquet/parquet_reader.h"
#include "parquet/parquet_writer.h"
#include "parquet/request_batch.h"

extern "C" __attribute__((visibility("default"))) const ftok::ArrowModule* ftok_arrow_module() {
  static const ftok::ArrowModule module{ftok::ArrowModule::kVersion, arrow::GetBuildInfo().version_string.c_str(),
                                        ftok::open_parquet_file,     ftok::create_parquet_file,
                                        ftok::make_arrow_requests,   ftok::make_arrow_answers};
  return &module;
}
