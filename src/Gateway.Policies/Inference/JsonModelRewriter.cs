using System.Buffers;
using System.Text.Json;
using BlazeGateway.Policies.Inference.Json;

namespace BlazeGateway.Policies.Inference;

/// <summary>Puts the public model name back into an answer that is one JSON document or one per line, without holding any of it back.</summary>
internal sealed class JsonModelRewriter
{
    private readonly bool _lines;
    private readonly byte[] _model;
    private JsonMachine<RewriteSink> _json;
    private int _written;
    private bool _open;

    /// <summary>Creates a rewriter for one answer.</summary>
    /// <param name="lines">Whether there is one document per line.</param>
    /// <param name="publicModel">Name to write in place of the model server's.</param>
    public JsonModelRewriter(bool lines, string publicModel)
    {
        _lines = lines;
        _model = Quote(publicModel);
        _json.Sink = new RewriteSink(model: true, usage: false);
    }

    /// <summary>Takes the bytes of one read and writes them with the name in place.</summary>
    public void Write(ReadOnlySpan<byte> bytes, IBufferWriter<byte> output)
    {
        while (_lines && bytes.IndexOf((byte)'\n') is >= 0 and var length)
        {
            Pass(bytes[..length], output);
            output.Write("\n"u8);
            bytes = bytes[(length + 1)..];
            _json.Restart();
            _json.Sink.Forget();
            _written = 0;
            _open = false;
        }

        Pass(bytes, output);
    }

    /// <summary>The name as a JSON string, empty for null.</summary>
    internal static byte[] Quote(string? name) => name is null ? [] : [(byte)'"', .. JsonEncodedText.Encode(name).EncodedUtf8Bytes, (byte)'"'];

    private void Pass(ReadOnlySpan<byte> bytes, IBufferWriter<byte> output)
    {
        var origin = _json.Position;
        var whole = _json.Feed(bytes);
        var from = 0;
        for (; _written < _json.Sink.Count; _written++)
        {
            var edit = _json.Sink[_written];
            if (!_open)
            {
                output.Write(bytes[from..(edit.Start - origin)]);
                output.Write(_model);
                from = edit.Start - origin;
            }

            _open = whole && edit.End < 0;
            if (_open)
            {
                return;
            }

            from = edit.End < 0 ? from : edit.End - origin;
        }

        output.Write(bytes[from..]);
    }
}
