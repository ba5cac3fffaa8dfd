"""The notebook of examples/, cell after cell: unittest."""
import json, os, tempfile, unittest
from pathlib import Path

NOTEBOOK = Path(__file__).resolve().parents[2] / "examples" / "from_python.ipynb"


@unittest.skipUnless(os.environ.get("FTOK_PROGRAM"), "FTOK_PROGRAM does not name the program")
class Notebook(unittest.TestCase):
    def test_every_cell_runs(self):
        cells = [cell for cell in json.loads(NOTEBOOK.read_text())["cells"] if cell["cell_type"] == "code"]
        self.assertGreater(len(cells), 5)
        names, before = {}, os.getcwd()
        with tempfile.TemporaryDirectory() as folder:
            os.chdir(folder)
            self.addCleanup(os.chdir, before)
            for cell in cells:
                source = "".join(cell["source"])
                with self.subTest(source):
                    exec(compile(source, str(NOTEBOOK), "exec"), names)
            os.chdir(before)
        self.assertEqual(names["result"]["kept"], len(names["shards"]))


if __name__ == "__main__":
    unittest.main()
