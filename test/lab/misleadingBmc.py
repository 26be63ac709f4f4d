# A BMC by Redfish, with the certificate of the other one, that says where its only system is: python3 misleadingBmc.py PORT PATH
import http.server, json, ssl, sys

class Bmc(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps({"Members": [{"@odata.id": sys.argv[2]}]}).encode())

server = http.server.ThreadingHTTPServer(("", int(sys.argv[1])), Bmc)
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("cert.pem", "key.pem")
server.socket = context.wrap_socket(server.socket, server_side=True)
print("listens", flush=True)
server.serve_forever()
