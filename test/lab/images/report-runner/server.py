"""The report runner: takes a report, its parameters and its data, and answers with a PDF listing the data."""
import json
import signal
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

PAGE = b'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>Report runner</title></head>' \
       b'<body><h1>Report runner</h1><p>POST report, parameters and data to /report.</p></body></html>\n'
LINES_A_PAGE = 50


def pdf(lines):
    """A PDF of the given lines of text, fifty on a page."""
    pages = [lines[start:start + LINES_A_PAGE] for start in range(0, len(lines), LINES_A_PAGE)] or [[]]
    kids = ' '.join('%d 0 R' % (4 + 2 * number) for number in range(len(pages)))
    objects = ['<< /Type /Catalog /Pages 2 0 R >>', '<< /Type /Pages /Kids [%s] /Count %d >>' % (kids, len(pages)),
               '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>']
    for number, page in enumerate(pages):
        text = 'BT /F1 10 Tf 50 790 Td 15 TL %s ET' % ' '.join(
            '(%s) Tj T*' % line.replace('\\', '\\\\').replace('(', '\\(').replace(')', '\\)') for line in page)
        objects.append('<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> '
                       '/Contents %d 0 R >>' % (5 + 2 * number))
        objects.append('<< /Length %d >>\nstream\n%s\nendstream' % (len(text.encode('cp1252', 'replace')), text))
    out, places = b'%PDF-1.4\n', []
    for number, content in enumerate(objects, 1):
        places.append(len(out))
        out += ('%d 0 obj\n%s\nendobj\n' % (number, content)).encode('cp1252', 'replace')
    table = ''.join('%010d 00000 n \n' % place for place in places)
    return out + ('xref\n0 %d\n0000000000 65535 f \n%strailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n'
                  % (len(objects) + 1, table, len(objects) + 1, len(out))).encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def answer(self, status, kind, body):
        self.send_response(status)
        self.send_header('Content-Type', kind)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        if self.command != 'HEAD':
            self.wfile.write(body)

    def do_GET(self):
        if self.path.split('?')[0] in ('/', '/index.html'):
            self.answer(200, 'text/html; charset=utf-8', PAGE)
        else:
            self.answer(404, 'text/plain', b'Not found\n')

    do_HEAD = do_GET

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get('Content-Length') or 0))
        if self.path != '/report':
            return self.answer(404, 'text/plain', b'Not found\n')
        form = {name: values[0] for name, values in parse_qs(body.decode('utf-8', 'replace')).items()}
        try:
            if not form['report']:
                raise KeyError('report')
            parameters, data = json.loads(form['parameters']), json.loads(form['data'])
            lines = ['%s: %s' % pair for pair in parameters.items()] + [' | '.join(map(str, data['fields']))]
            lines += [' | '.join(map(str, row)) for row in data['rows']]
        except (KeyError, ValueError, TypeError, AttributeError) as error:
            return self.answer(500, 'text/plain; charset=utf-8', ('%s: %s\n' % (type(error).__name__, error)).encode())
        self.answer(200, 'application/pdf', pdf(lines))

    def log_message(self, format, *arguments):
        pass


signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
server = ThreadingHTTPServer(('0.0.0.0', 8080), Handler)
print('Started report runner on port 8080', flush=True)
server.serve_forever()
