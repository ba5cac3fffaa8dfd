"""A stage of kind "python" for `accepts = ["application/pdf"]`, before "http": the text of PDFs, by pypdfium2.

Pages that are pictures have no text. Documents of which most pages are such are dropped as needs_ocr, with the number of those pages: the
rejects of the run are the list for whoever has an OCR.
"""
import base64

import pypdfium2


def process(document):
    try:
        pdf = pypdfium2.PdfDocument(base64.b64decode(document["payload"]))
    except pypdfium2.PdfiumError as error:
        return {"drop": "not_readable", "detail": str(error)}
    pages = [page.get_textpage().get_text_range().replace("\r\n", "\n").strip() for page in pdf]
    without_text = sum(1 for page in pages if len(page) < 20)
    if without_text * 2 > len(pages):
        return {"drop": "needs_ocr", "value": without_text, "threshold": len(pages)}
    return {"text": "\n\n".join(page for page in pages if page)}
