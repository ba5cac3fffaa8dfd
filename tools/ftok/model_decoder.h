// Where a model computes, and in which weights: the flags of the commands that read one, and what continues texts.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "trainer/model_file.h"
#include "trainer/sample.h"

namespace ftok::cli {

struct DeviceFlags {
  std::string device = "cpu";   // or "cuda", the first GPU
  int threads = 1;              // of the CPU; 0: all cores
  std::string weights = "f32";  // weight_type_names(), on the CPU
  bool quiet = false;

  // Throws UsageError where the device has no such weights.
  WeightType weight_type() const;
};

// --device, --threads, --weights, --quiet.
void add_device_flags(CLI::App& command, DeviceFlags& flags);

// `model` must outlive it; its parameters are gone where the weights are packed. Throws Error where there is no GPU to
// be used.
std::unique_ptr<TokenPredictor> make_decoder(ModelFile& model, const DeviceFlags& flags);

}  // namespace ftok::cli
