// What continues texts by a model, on the device that --device names.
#pragma once

#include <memory>
#include <string>

#include "trainer/model_file.h"
#include "trainer/sample.h"

namespace ftok::cli {

// `device`: "cpu", with `threads` threads (0: all cores), or "cuda", the first GPU. `model` must outlive it. Throws
// Error where there is no GPU to be used.
std::unique_ptr<TokenPredictor> make_decoder(const ModelFile& model, const std::string& device, int threads);

}  // namespace ftok::cli
