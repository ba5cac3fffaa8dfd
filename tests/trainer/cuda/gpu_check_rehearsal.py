#!/usr/bin/env python3
"""tools/gpu_check/run with stand-ins for everything that a machine with a GPU has: what the report says when all is well, and when a test
dies, a benchmark fails or hangs, programs do not start, or a tool, a library or the GPU is missing."""
import json, os, shutil, stat, subprocess, sys, tempfile, unittest
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[3]
RATES = {"124M": 650_000, "350M": 200_000, "774M": 100_000, "1558M": 56_000, "llama-124m": 590_000}

GPU_TEST = """
case "$1" in
  --list) printf 'layernorm_a\\nencoder_b\\nfifty_steps\\n'; exit 0 ;;
esac
echo "libraries: $FTOK_CUDA_LIBRARIES and $LD_LIBRARY_PATH"
"""
ALL_PASS = GPU_TEST + "for t in layernorm_a encoder_b fifty_steps; do echo RUN $t; echo PASSED $t; done\n"
DIES = GPU_TEST + """
if [[ $1 == --after ]]; then echo "RUN fifty_steps"; echo "PASSED fifty_steps"; exit 0; fi
echo "RUN layernorm_a"; echo "PASSED layernorm_a"; echo "RUN encoder_b"
"""
STEP = """
model="all sizes"
for ((i = 1; i <= $#; ++i)); do [[ ${!i} == --only ]] && { j=$((i + 1)); model=${!j}; }; done
"""


def step_line(model, mfu):
    return json.dumps({"model": model, "what": "default", "tokens_per_second": RATES[model], "mfu_of_datasheet": mfu, "mfu_of_measured": 0.6,
                       "attention": "attention by cuDNN 9.9"})


class Rehearsal(unittest.TestCase):
    def setUp(self):
        self.folder = Path(tempfile.mkdtemp(prefix="gpu_check_"))
        self.addCleanup(shutil.rmtree, self.folder)
        shutil.copytree(SOURCE / "tools/gpu_check", self.folder / "tools/gpu_check")
        self.stubs, self.programs = self.folder / "stubs", self.folder / "programs"
        self.environment = {"PATH": f"{self.stubs}:/usr/bin:/bin", "HOME": str(self.folder), "CUDACXX": "/nowhere/nvcc"}
        self.script(self.stubs / "nvidia-smi", 'echo "name, driver_version"; echo "NVIDIA H200, 580.1"')
        self.script(self.stubs / "compute-sanitizer", 'echo "sanitizer: $*"; echo "ERROR SUMMARY: 0 errors"')
        self.script(self.stubs / "ncu", """
echo '{"model":"124M","what":"profile"}'
echo '"ID","Kernel Name","gpu__time_duration.sum"'
echo '"","","us"'
echo '"0","void ftok::cuda::(anonymous namespace)::rows_kernel(ClassifierRows)","1,500"'
echo '"1","sm90_gemm","4,500"'
""")
        self.python(torch=True)
        self.script(self.programs / "gpu_test", ALL_PASS)
        self.script(self.programs / "kernel_bench", 'echo "{\\"kernel\\":\\"copy\\"}"')
        self.script(self.programs / "product_bench", 'echo "{\\"product\\":\\"qkv\\"}"')
        self.train_bench()

    def script(self, path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/usr/bin/env bash\n" + text)
        path.chmod(path.stat().st_mode | stat.S_IEXEC)

    def train_bench(self, special="", llama_mfu=0.46):
        lines = "".join(f"  {model}) echo '{step_line(model, llama_mfu if model == 'llama-124m' else 0.5)}' ;;\n" for model in RATES)
        self.script(self.programs / "train_bench", STEP + special + f'case "$model" in\n{lines}  *) echo "choices" ;;\nesac\n')

    def python(self, torch):
        """A python3 that has or has not torch, and is the real one for everything else."""
        self.script(self.stubs / "python3", f"""
if [[ "$*" == *torch_step.py* ]]; then
  echo "{{\\"model\\":\\"$3\\",\\"what\\":\\"PyTorch 2, $5 attention\\",\\"attention\\":\\"$5\\",\\"tokens_per_second\\":$([[ $5 == cudnn ]] && echo 500000 || echo 400000)}}"
  exit 0
fi
if [[ "$*" == *"import torch"* ]]; then exit {0 if torch else 1}; fi
exec {sys.executable} "$@"
""")

    def run_check(self, *arguments, prebuilt=True, **environment):
        command = [self.folder / "tools/gpu_check/run", "--report", self.folder / "report.txt", *arguments]
        if prebuilt:
            command += ["--prebuilt", self.programs]
        done = subprocess.run(command, env=self.environment | environment, capture_output=True, text=True, timeout=120)
        self.report = (self.folder / "report.txt").read_text()
        self.assertEqual(done.stderr, "")
        return done.returncode

    def assert_in_order(self, *texts):
        at = 0
        for text in texts:
            found = self.report.find(text, at)
            self.assertGreaterEqual(found, 0, f"{text!r} is not in, or not in this order:\n{self.report}")
            at = found

    def test_all_is_well(self):
        self.assertEqual(self.run_check(), 0, getattr(self, "report", ""))
        self.assert_in_order("NVIDIA H200", "programs: those in", "== tests", "PASSED layernorm_a", "PASSED fifty_steps", "== products and attention",
                             '"product"', "== training steps: 124M", "sanitizer: --tool memcheck", "layernorm_a encoder_b", "sanitizer: --tool racecheck",
                             "== training steps: llama-124m", "== training steps: 350M", "== training steps: 1558M", "== PyTorch: 124M, default",
                             "== PyTorch: 124M, cudnn", "== PyTorch: llama-124m, cudnn", "== training steps: 774M", "== profile", "75.0%     4.500 ms     1 x sm90_gemm", "1.500 ms     1 x rows_kernel", "== kernels",
                             "== PyTorch: llama-124m, default", "choices", "== summary", "status 0")
        self.assertIn("124M: 650,000 tokens/s, MFU 50.0%", self.report)
        self.assertIn("bar 600,000 reached; 1.30 times PyTorch's best (500,000, PyTorch 2, cudnn attention, by cudnn), 1.15 reached", self.report)
        self.assertIn("350M: 200,000 tokens/s", self.report)
        self.assertIn("bar 220,000 MISSED; 0.40 times PyTorch's best", self.report)
        self.assertIn("attention by cuDNN 9.9", self.report)
        self.assertIn("llama-124m: 590,000 tokens/s, MFU 46.0%", self.report)
        self.assertIn("1.18 times PyTorch's best", self.report)
        self.assertIn("llama-124m's MFU is 92.0% of 124M's; 90% reached", self.report)
        self.assertNotIn("FAILED", self.report)

    def test_llama_at_nine_tenths_of_gpt2s_mfu(self):
        for mfu, verdict in ((0.45, "90.0% of 124M's; 90% reached"), (0.449, "89.8% of 124M's; 90% MISSED")):
            self.train_bench(llama_mfu=mfu)
            self.assertEqual(self.run_check("--stage", "speed"), 0)
            self.assertIn(f"llama-124m's MFU is {verdict}", self.report)
        self.train_bench('if [[ $model == llama-124m ]]; then exit 1; fi\n')
        self.assertEqual(self.run_check("--stage", "speed"), 1)
        self.assertIn("llama-124m: not measured; PyTorch 500,000", self.report)
        self.assertIn("llama-124m's MFU beside 124M's: llama-124m not measured", self.report)

    def test_stages_are_parts_of_the_whole(self):
        self.assertEqual(self.run_check("--stage", "check"), 0)
        self.assertIn("of 170, status 0", self.report)
        self.assertNotIn("== training steps: 350M", self.report)
        self.assertEqual(self.run_check("--stage", "speed"), 0)
        self.assertIn("of 500, status 0", self.report)
        self.assertNotIn("== tests", self.report)

    def test_a_test_that_dies_hides_nothing(self):
        for end, how in (("kill -SEGV $$", "139"), ("exit 3", "3")):
            self.script(self.programs / "gpu_test", DIES + end)
            self.assertEqual(self.run_check("--stage", "check"), 1)
            self.assert_in_order("PASSED layernorm_a", f"exit status {how}", "FAILED encoder_b: the process or the device was lost", "PASSED fifty_steps",
                                 "== products and attention", "== training steps: 124M", "memcheck", "status 1")

    def test_a_test_that_dies_at_once_ends(self):
        self.script(self.programs / "gpu_test", GPU_TEST + "exit 134")
        self.assertEqual(self.run_check("--stage", "check"), 1)
        self.assert_in_order("FAILED: tests", "== products and attention", '"product"')

    def test_a_benchmark_that_fails_hides_nothing(self):
        self.train_bench('if [[ $model == 350M ]]; then echo "{\\"model\\":\\"350M\\",\\"failed\\":\\"out of memory\\"}"; exit 1; fi\n')
        self.assertEqual(self.run_check("--stage", "speed"), 1)
        self.assert_in_order("FAILED: training steps: 350M, exit status 1", '"model": "1558M"', "== kernels", "350M: not measured", "1558M: 56,000", "status 1")

    def test_a_benchmark_that_hangs_is_cut_short(self):
        self.train_bench("exec sleep 100\n")
        self.assertEqual(self.run_check("--stage", "check", "--budget", "17"), 0)
        self.assert_in_order("PASSED fifty_steps", '"product"', "CUT SHORT after", "== compute-sanitizer: memcheck", "SKIPPED:", "124M: not measured")

    def test_no_gpu(self):
        self.script(self.programs / "gpu_test", GPU_TEST + "echo 'SKIPPED: no GPU'; exit 77")
        self.assertEqual(self.run_check(), 77)
        self.assertNotIn("== products", self.report)
        self.assertNotIn("== training steps", self.report)

    def test_missing_tools_are_named(self):
        for tool in ("nvidia-smi", "compute-sanitizer", "ncu"):
            (self.stubs / tool).unlink()
        self.python(torch=False)
        self.assertEqual(self.run_check(), 0)
        self.assert_in_order("no nvidia-smi", "no nvcc", "no torch", "no compute-sanitizer", "no ncu", "== compute-sanitizer\nSKIPPED", "== PyTorch: 124M, default attention\nSKIPPED",
                             "== profile\nSKIPPED", "124M: 650,000 tokens/s", "PyTorch not measured")

    def test_libraries_are_found_in_pythons_packages(self):
        version = subprocess.run([sys.executable, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"], capture_output=True, text=True).stdout.strip()
        folder = self.folder / f"user/lib/python{version}/site-packages/nvidia/cudnn/lib"
        folder.mkdir(parents=True)
        (folder / "libcudnn.so.9").touch()
        self.assertEqual(self.run_check("--stage", "check", PYTHONUSERBASE=str(self.folder / "user")), 0)
        self.assertIn(f"libcudnn.so: {folder}/libcudnn.so.9", self.report)
        self.assertRegex(self.report, rf"libraries: \S*{folder}\S* and \S*{folder}")

    def test_missing_libraries_are_named(self):
        self.assertEqual(self.run_check("--stage", "check", FTOK_CUDA_LIBRARIES="/nowhere/lib"), 0)
        self.assertIn("libcudnn.so: not in /nowhere/lib", self.report)

    def test_programs_that_do_not_start(self):
        self.script(self.programs / "gpu_test", "echo 'GLIBC_2.99 not found' >&2; exit 127")
        self.assertEqual(self.run_check(), 1)
        self.assert_in_order("GLIBC_2.99 not found", "do not start here", "no nvcc", "there are no programs to run", "== tests", "SKIPPED: there are no programs",
                             "== PyTorch: 124M, cudnn attention", '"tokens_per_second":500000', "124M: not measured; PyTorch 500,000", "status 1")

    def test_no_programs_at_all(self):
        self.assertEqual(self.run_check(prebuilt=False), 1)
        self.assert_in_order("no nvcc", "FAILED: there are no programs to run", "== summary")

    def test_misuse(self):
        for arguments in (["--nonsense"], ["--stage", "other"]):
            done = subprocess.run([self.folder / "tools/gpu_check/run", *arguments], env=self.environment, capture_output=True, text=True)
            self.assertEqual(done.returncode, 2)
            self.assertIn("unknown", done.stderr)


if __name__ == "__main__":
    unittest.main()
