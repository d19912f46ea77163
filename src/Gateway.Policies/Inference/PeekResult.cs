namespace BlazeGateway.Policies.Inference;

/// <summary>How a peek ended: all well, or one error and, where known, the member it is about.</summary>
/// <param name="Error">What to answer, null when the body is fit to be forwarded.</param>
/// <param name="Field">Member the error is about.</param>
/// <param name="Reason">What is wrong with that member.</param>
internal readonly record struct PeekResult(GatewayError? Error, PeekField Field = PeekField.None, PeekReason Reason = PeekReason.None)
{
    /// <summary>Whether the body is fit to be forwarded.</summary>
    public bool IsOk => Error is null;

    /// <summary>A sentence for the client that names the member, the rule and the fix; null when all is well. Allocates.</summary>
    public string? Message => Error is null || Field == PeekField.None ? Error?.Message : $"The member '{PeekFields.NameOf(Field)}' {Reason switch
    {
        PeekReason.Repeated => "appears more than once; send it once.",
        PeekReason.Spelling => "is written in another case; write it in lower case.",
        PeekReason.Type => "has the wrong type.",
        PeekReason.Characters => "must be 1 to 256 characters of A-Z, a-z, 0-9 and . _ : / @ -",
        _ => "is missing; send a model name.",
    }}";
}

/// <summary>What is wrong with one member of a body.</summary>
internal enum PeekReason : byte
{
    None,
    Missing,
    Repeated,
    Spelling,
    Type,
    Characters,
}
