"""Reads an answer as Python's own HTTP client and mail parser read it: byteranges.py URL COOKIE RANGE"""

import email.parser
import email.policy
import hashlib
import http.client
import json
import sys
import urllib.parse

address = urllib.parse.urlsplit(sys.argv[1])
connection = http.client.HTTPConnection(address.netloc)
connection.request("GET", address.path, headers={"Cookie": sys.argv[2], "Range": sys.argv[3]})
answer = connection.getresponse()
body = answer.read()
head = "Content-Type: " + answer.headers["Content-Type"] + "\r\n\r\n"
message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head.encode("latin-1") + body)
print(
    json.dumps(
        {
            "status": answer.status,
            "contentLength": answer.headers["Content-Length"],
            "contentRange": answer.headers["Content-Range"],
            "length": len(body),
            "defects": [str(defect) for defect in message.defects],
            "preamble": message.preamble,
            "epilogue": message.epilogue,
            "parts": [
                {
                    "headers": dict(part.items()),
                    "defects": [str(defect) for defect in part.defects],
                    "sha256": hashlib.sha256(part.get_payload(decode=True)).hexdigest(),
                }
                for part in (message.get_payload() if message.is_multipart() else [])
            ],
        }
    )
)
