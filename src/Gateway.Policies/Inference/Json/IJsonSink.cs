namespace BlazeGateway.Policies.Inference.Json;

/// <summary>
/// What is told of a document while it passes. Depth is the number of containers open around the value: 0 for the root, 1 for its members.
/// Offsets count bytes from the start of the document. Text is decoded and cut at <see cref="JsonMachine{TSink}.MaxText"/> + 1 bytes or given whole;
/// half a surrogate pair and U+0000 stand in it as the byte FF, which no valid text holds.
/// </summary>
internal interface IJsonSink
{
    /// <summary>Whether the name of a member at this depth is wanted.</summary>
    bool WantsName(int depth);

    /// <summary>A member's name; its opening quote is at <paramref name="start"/>. False stops.</summary>
    bool Name(int depth, int start, ReadOnlySpan<byte> name);

    /// <summary>Whether numbers in an array, themselves at this depth, may pass untold.</summary>
    bool Skims(int depth);

    /// <summary>A value begins at <paramref name="start"/>. False stops; <paramref name="capture"/> asks for the text of a string or number.</summary>
    bool Begin(JsonKind kind, int depth, int start, out bool capture);

    /// <summary>A value ended before <paramref name="end"/>. False stops.</summary>
    bool End(JsonKind kind, int depth, int end, ReadOnlySpan<byte> text);
}
