// What the libraries make of nine tenths of a step: `product_bench`. Each matrix product of GPT-2 124M with 64
// sequences of 1,024, alone, with the work on its way out fused and as a kernel of its own; then attention by cuDNN,
// deterministic and not, and by ftok's kernels, at several shapes. One JSON object per line; what fails is named.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "core/error.h"
#include "tools/gpu_check/bench.h"
#include "trainer/cuda/cublaslt_matmul.h"
#include "trainer/cuda/cudnn_attention.h"
#include "trainer/cuda/gpu_kernels.h"
#include "trainer/cuda/products.h"

namespace ftok::bench {
namespace {

bool failed = false;

// Prints what `measure` gives, or its failure.
void line(const std::string& begin, const std::function<std::string()>& measure) {
  std::string rest;
  try {
    rest = measure();
  } catch (const Error& error) {
    failed = true;
    rest = "\"failed\":\"" + quotable(error.what()) + "\"";
  }
  std::printf("{%s,%s}\n", begin.c_str(), rest.c_str());
  std::fflush(stdout);
}

std::string number(const char* key, double value, const char* format) {
  if (!std::isfinite(value)) return std::string("\"") + key + "\":null";
  char text[64];
  std::snprintf(text, sizeof text, format, value);
  return std::string("\"") + key + "\":" + text;
}

class ProductBench {
 public:
  explicit ProductBench(Device& device)
      : device_(device),
        matmul_(make_cublaslt_matmul(device)),
        in_(device),
        out_(device),
        weight_(device),
        bias_(device),
        aux_(device),
        gradients_(device),
        sums_(device),
        scratch_(device) {
    fill(device, in_, kR * 4 * kC), fill(device, out_, kR * 4 * kC), fill(device, aux_, kR * 4 * kC);
    fill(device, weight_, kPadded * kC), fill(device, bias_, 4 * kC);
    gradients_.resize(kPadded * kC), sums_.resize(4 * kC);
    scratch_.resize(static_cast<size_t>(cuda::column_sums_scratch(kR, 4 * kC)));
  }

  void time_layers() {
    layer("qkv", kC, 3 * kC, Epilogue::kBias, Epilogue::kNone);
    layer("attention projection", kC, kC, Epilogue::kBias, Epilogue::kNone);
    layer("fc", kC, 4 * kC, Epilogue::kGeluAuxBias, Epilogue::kNone);
    layer("projection", 4 * kC, kC, Epilogue::kBias, Epilogue::kDGelu);
    MemoryArray<Bf16> logits(device_);
    fill(device_, logits, kChunk * kPadded);
    const LinearShape head{kChunk, kPadded, kC};
    product("head: logits", input_gradient_product(logits.data(), in_.data(), weight_.data(), head));
    product("head: hidden's gradient", forward_product(out_.data(), logits.data(), weight_.data(), head));
    product("head: weight's gradient", weight_gradient_product(gradients_.data(), in_.data(), logits.data(), head));
  }

 private:
  void layer(const std::string& name, int64_t I, int64_t O, Epilogue forward, Epilogue backward) {
    const LinearShape shape{kR, I, O};
    void* const stream = device_.stream();
    product(name + ": forward", forward_product(out_.data(), in_.data(), weight_.data(), shape), forward, [=, this] {
      cuda::add_bias(stream, out_.data(), bias_.data(), kR, O);
      if (forward == Epilogue::kGeluAuxBias) cuda::gelu_forward(stream, out_.data(), aux_.data(), kR * O);
    });
    product(name + ": input's gradient", input_gradient_product(out_.data(), in_.data(), weight_.data(), shape),
            backward, [=, this] { cuda::gelu_backward(stream, out_.data(), out_.data(), aux_.data(), kR * I); });
    product(name + ": weight's gradient", weight_gradient_product(gradients_.data(), out_.data(), in_.data(), shape),
            Epilogue::kBgradA,
            [=, this] { cuda::column_sums(stream, sums_.data(), scratch_.data(), out_.data(), kR, O); });
  }

  void product(const std::string& name, const MatmulCall& plain, Epilogue epilogue = Epilogue::kNone,
               const std::function<void()>& apart = {}) {
    line("\"product\":\"" + name + "\"", [&] {
      const double time = static_cast<double>(matmul_->milliseconds(device_.stream(), plain));
      const double flops =
          2.0 * static_cast<double>(plain.m) * static_cast<double>(plain.n) * static_cast<double>(plain.k);
      std::string text = "\"m\":" + std::to_string(plain.m) + ",\"n\":" + std::to_string(plain.n) +
                         ",\"k\":" + std::to_string(plain.k) + "," + number("milliseconds", time, "%.4f") + "," +
                         number("teraflops", flops / time / 1e9, "%.0f");
      if (epilogue == Epilogue::kNone) return text;
      const double fused = static_cast<double>(matmul_->milliseconds(device_.stream(), with(plain, epilogue)));
      const double both = time + static_cast<double>(device_.milliseconds(apart));
      return text + "," + number("fused_milliseconds", fused, "%.4f") + "," +
             number("apart_milliseconds", both, "%.4f");
    });
  }

  MatmulCall with(MatmulCall call, Epilogue epilogue) {
    call.epilogue = epilogue;
    if (epilogue == Epilogue::kBias || epilogue == Epilogue::kGeluAuxBias) call.bias = bias_.data();
    if (epilogue == Epilogue::kGeluAuxBias || epilogue == Epilogue::kDGelu)
      call.aux = aux_.data(), call.ld_aux = call.m;
    if (epilogue == Epilogue::kBgradA) call.bias_gradient = sums_.data();
    return call;
  }

  Device& device_;
  std::unique_ptr<TunedMatmul> matmul_;
  MemoryArray<Bf16> in_, out_, weight_, bias_, aux_;
  MemoryArray<float> gradients_, sums_, scratch_;
};

// Both directions of one shape, by whoever does them.
class AttentionBench {
 public:
  AttentionBench(Device& device, const Extent& extent)
      : device_(device),
        e_(extent),
        qkv_(device),
        dqkv_(device),
        out_(device),
        dout_(device),
        log_sum_(device),
        scratch_(device) {
    const int64_t n = e_.rows() * e_.C;
    fill(device, qkv_, 3 * n), fill(device, dout_, n);
    dqkv_.resize(static_cast<size_t>(3 * n)), out_.resize(static_cast<size_t>(n));
    log_sum_.resize(static_cast<size_t>(e_.rows() * e_.H)), scratch_.resize(log_sum_.size());
  }

  void time_all() {
    for (const bool deterministic : {true, false}) {
      AttentionOptions options;
      options.deterministic = deterministic;
      const std::unique_ptr<AttentionPlans> plans = make_cudnn_attention(device_, options);
      row(deterministic ? "cuDNN, deterministic" : "cuDNN, not deterministic", [&] { return by(*plans); });
    }
    row("own kernels", [&] { return own(); });
  }

 private:
  void row(const std::string& by, const std::function<std::string()>& measure) {
    line("\"attention\":\"" + by + "\",\"B\":" + std::to_string(e_.B) + ",\"T\":" + std::to_string(e_.T) +
             ",\"H\":" + std::to_string(e_.H) + ",\"D\":" + std::to_string(e_.C / e_.H),
         measure);
  }
  std::string times(const std::function<void()>& forward, const std::function<void()>& backward) {
    const double product = static_cast<double>(e_.B * e_.T * e_.T) * static_cast<double>(e_.C);  // of one, causal
    const double there = static_cast<double>(device_.milliseconds(forward)),
                 back = static_cast<double>(device_.milliseconds(backward));
    return number("forward_milliseconds", there, "%.4f") + "," +
           number("forward_teraflops", 2 * product / there / 1e9, "%.0f") + "," +
           number("backward_milliseconds", back, "%.4f") + "," +
           number("backward_teraflops", 5 * product / back / 1e9, "%.0f");
  }
  std::string by(AttentionPlans& plans) {
    void* const stream = device_.stream();
    const auto require = [&](bool done) {
      if (!done) throw Error(plans.report());
    };
    const std::string text =
        times([&] { require(plans.forward(stream, out_.data(), log_sum_.data(), qkv_.data(), nullptr, e_)); },
              [&] {
                require(plans.backward(stream, dqkv_.data(), dout_.data(), out_.data(), log_sum_.data(), qkv_.data(),
                                       nullptr, e_));
              });
    return text + ",\"report\":\"" + quotable(plans.report()) + "\"";
  }
  std::string own() {
    void* const stream = device_.stream();
    return times([&] { cuda::attention_forward(stream, out_.data(), log_sum_.data(), qkv_.data(), nullptr, e_); },
                 [&] {
                   cuda::attention_backward(stream, dqkv_.data(), scratch_.data(), dout_.data(), out_.data(),
                                            log_sum_.data(), qkv_.data(), nullptr, e_);
                 });
  }

  Device& device_;
  Extent e_;
  MemoryArray<Bf16> qkv_, dqkv_, out_, dout_;
  MemoryArray<float> log_sum_, scratch_;
};

int run() {
  const std::unique_ptr<Device> device = make_cuda_device(0);
  ProductBench(*device).time_layers();
  // GPT-2 124M and 1558M, heads of 128, and a long context.
  for (const Extent& e :
       {Extent{64, 1024, 768, 12}, Extent{16, 1024, 1600, 25}, Extent{16, 2048, 2048, 16}, Extent{8, 8192, 2048, 32}})
    AttentionBench(*device, e).time_all();
  return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

}  // namespace
}  // namespace ftok::bench

int main() {
  try {
    return ftok::bench::run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "product_bench: %s\n", error.what());
    return EXIT_FAILURE;
  }
}
