"""A program that takes the place of the desktop's prompter on the session bus, and shows nothing: nobody is there.

It prints the calls that it hears.
"""

from jeepney import DBusAddress, HeaderFields, MessageType, new_method_call, new_method_return
from jeepney.io.blocking import open_dbus_connection

BUS = DBusAddress("/org/freedesktop/DBus", "org.freedesktop.DBus", "org.freedesktop.DBus")
CALLBACK = "org.gnome.keyring.internal.Prompter.Callback"

if __name__ == "__main__":
    bus = open_dbus_connection()
    bus.send_and_get_reply(new_method_call(BUS, "RequestName", "su", ("org.gnome.keyring.SystemPrompter", 0)))
    print("silent", flush=True)
    while message := bus.receive():
        fields = message.header.fields
        print(fields.get(HeaderFields.member), flush=True)
        if message.header.message_type is MessageType.method_call:
            bus.send(new_method_return(message))
        if fields.get(HeaderFields.member) == "BeginPrompting":
            window = DBusAddress(message.body[0], fields[HeaderFields.sender], CALLBACK)
            bus.send(new_method_call(window, "PromptReady", "sa{sv}s", ("", {}, "")))
