using System.Buffers;
using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace BlazeGateway.Policies.Clients;

/// <summary>
/// What a request asks for with the headers of the Kubernetes inference gateway, within what its client is entitled to: never a higher band,
/// and no share but a part of the client's own.
/// </summary>
/// <param name="Band">Band of this request: the client's, or a lower one it asked for.</param>
/// <param name="Id">Requests with one id are served in turn with those of the client's other ids; the client's own id when it names none.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct RequestFlow(PriorityBand Band, ulong Id)
{
    /// <summary>Names the band.</summary>
    public const string ObjectiveHeader = "x-gateway-inference-objective";

    /// <summary>Names the part of the client's share.</summary>
    public const string FairnessHeader = "x-gateway-inference-fairness-id";

    /// <summary>Longest fairness id, characters. A longer one counts as none.</summary>
    public const int MaxFairnessLength = 128;

    /// <summary>Reads the headers. What is not understood, repeated or not allowed changes nothing.</summary>
    public static RequestFlow Read(IHeaderDictionary headers, in Client client, KeyedHash ids)
    {
        var objective = headers[ObjectiveHeader];
        var band = objective.Count == 1 && PriorityBandNames.TryParse(objective[0], out var asked) && asked > client.Band ? asked : client.Band;
        return new RequestFlow(band, IdOf(headers[FairnessHeader], client.Id, ids));
    }

    private static ulong IdOf(StringValues fairness, ulong client, KeyedHash ids)
    {
        if (fairness.Count != 1 || fairness[0] is not { Length: > 0 and <= MaxFairnessLength } text)
        {
            return client;
        }

        Span<byte> bytes = stackalloc byte[sizeof(ulong) + MaxFairnessLength];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, client);
        return Ascii.FromUtf16(text, bytes[sizeof(ulong)..], out var length) == OperationStatus.Done
            ? (ulong)ids.Compute(bytes[..(sizeof(ulong) + length)])
            : client;
    }
}
