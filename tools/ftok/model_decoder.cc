#include "tools/ftok/model_decoder.h"

#include "core/error.h"
#include "core/run_on_threads.h"
#include "trainer/cuda_back_end.h"

namespace ftok::cli {

WeightType DeviceFlags::weight_type() const {
  const WeightType type = parse_weight_type(weights);
  if (type != WeightType::kFloat32 && device != "cpu") throw UsageError("--weights: only with --device cpu");
  return type;
}

void add_device_flags(CLI::App& command, DeviceFlags& flags) {
  command.add_option("--device", flags.device, "cpu, or cuda: the first GPU, in bfloat16")
      ->check(CLI::IsMember({"cpu", "cuda"}))
      ->capture_default_str();
  command.add_option("-j,--threads", flags.threads, "Threads; 0: all cores")
      ->check(CLI::Range(0, 1024))
      ->capture_default_str();
  command
      .add_option("--weights", flags.weights,
                  "On the CPU: f32, bf16 (half the memory) or int8 (a quarter, a scale for each 64)")
      ->check(CLI::IsMember(weight_type_names()))
      ->capture_default_str();
  command.add_flag("-q,--quiet", flags.quiet, "No information, warnings only");
}

std::unique_ptr<TokenPredictor> make_decoder(ModelFile& model, const DeviceFlags& flags) {
  const WeightType type = flags.weight_type();
  if (flags.device == "cuda") return make_cuda_decoder(model.config, model.parameters, 0);
  const auto threads = static_cast<int>(threads_or_all(static_cast<size_t>(flags.threads)));
  auto decoder = make_cpu_decoder(model.config, model.parameters, threads, type);
  if (type != WeightType::kFloat32) model.parameters = {};
  return decoder;
}

}  // namespace ftok::cli
